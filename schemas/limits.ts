/** The bounds in the contract. Sizes are bytes of JSON unless the name says otherwise. */
export const LIMITS = {
  /** A larger input is rejected as `too_large`. */
  inputBytesMax: 256 * 1024,
  /** Levels of nesting in an input, an emitted event, and a task's result. */
  depthMax: 64,
  /** An input that would lead to a larger state is rejected as `state_too_large`. */
  stateBytesMax: 64 * 1024,
  /** An input that would lead to a larger record is rejected as `state_too_large`. */
  recordBytesMax: 512 * 1024,
  /** A larger result of a task becomes the error `result_too_large`. */
  resultBytesMax: 192 * 1024,
  /** A larger progress of a task is refused as `bad_progress`. */
  progressBytesMax: 1024,
  /** Characters of the payload that the record of a rejection keeps; DEAD has the whole payload. */
  rejectedPayloadCharsMax: 32 * 1024,
  /** Number of inputs whose source and id an actor remembers to recognise duplicates. */
  seenIdsMax: 32,
  /**
   * Number of sources whose highest `sequence` an actor remembers; the source that has been silent for the longest time is dropped first.
   */
  seenSourcesMax: 16,
  /** Open questions that a record keeps. If there are more, the oldest stay without an answer in the tables. */
  openTurnsMax: 16,
  /** Runs (tasks and timers) that an actor may have pending. */
  pendingRunsMax: 256,
  /** Children that an actor may have running. */
  childrenMax: 64,
  /** Levels of parents above an actor. */
  childDepthMax: 8,
  /** Events emitted and sent, tasks started and timers set by one record. */
  effectsMax: 256,
} as const
