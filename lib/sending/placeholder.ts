export type SerializerName = string;
export type Reducers = Record<string, unknown>;
export const getLokySerializer = (): SerializerName => 'auto';
