/** A sentence, or a function that makes one from values. */
export type Entry = string | ((...values: never[]) => string);

/** The shape another language must have: the same keys, and the same values in each sentence. */
export type Translation<T extends Record<string, Entry>> = {
  readonly [K in keyof T]: T[K] extends (...values: infer V) => string ? (...values: V) => string : string;
};
