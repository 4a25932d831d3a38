/** How texts call what stands for a variable that several functions share. */

/** Under such a name a text finds the object whose property is the variable. */
export const cellName = (variable: string): string => `__loky_cell_${variable}`;

/** The property of that object that holds the value. */
export const CELL_VALUE = 'v';
