/** `Same<A, B>` is `true` only if both are the very same type: `any` is the same as nothing but `any`. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Says nothing at run time; a wrong expectation does not compile. */
export function expectSame<_T extends true>(): void {}
