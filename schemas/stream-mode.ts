/**
 * What people see of a reply while it is written. `sentence`: each sentence once the checks of its kind have passed it; `token`: each piece
 * at once; `off`: nothing.
 */
export const STREAM_MODES = ['sentence', 'token', 'off'] as const
export type StreamMode = (typeof STREAM_MODES)[number]
