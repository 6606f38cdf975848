/** The bounds that the contract names. Sizes are bytes of JSON unless the name says otherwise. */
export const LIMITS = {
  /** A larger input is rejected as `too_large`. */
  inputBytesMax: 256 * 1024,
  /** Nesting of an input, of what a machine emits, and of a task's result. */
  depthMax: 64,
  /** A state that would be larger is not committed: the input is rejected as `state_too_large`. */
  stateBytesMax: 64 * 1024,
  /** The same for the whole record. */
  recordBytesMax: 512 * 1024,
  /** A task's result that is larger becomes the error `result_too_large`. */
  resultBytesMax: 192 * 1024,
  /** The payload's text that a rejection keeps in its record; DEAD has all of it. */
  rejectedPayloadCharsMax: 32 * 1024,
  /** Ids by which an actor recognises a repeat. */
  seenIdsMax: 32,
  /** Sources whose highest `sequence` an actor remembers; the longest silent one is forgotten first. */
  seenSourcesMax: 16,
  /** Questions without an answer that a record carries on; the oldest beyond it stays unanswered in the tables. */
  openTurnsMax: 16,
  /** Runs (tasks and timers) that an actor may have pending. */
  pendingRunsMax: 256,
  /** Events emitted, tasks started and timers set by one record. */
  effectsMax: 256,
} as const
