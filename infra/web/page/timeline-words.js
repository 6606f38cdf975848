/** The words of a history, in English. */
export const TIMELINE_WORDS = {
  history: 'History',
  first: 'First step',
  back: 'Step back',
  step: 'Step',
  forward: 'Step forward',
  last: 'Last step',
  live: 'live',
  ofAll: (/** @type {number} */ at, /** @type {number} */ last) => `${at} of ${last}`,
}
