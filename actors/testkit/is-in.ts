/** Whether a state as records write it is this one, lies in it, or has it among those side by side. */
export const isIn = (state: string, wanted: string): boolean =>
  state === wanted || state.split('+').some((leaf) => leaf === wanted || leaf.startsWith(`${wanted}.`))
