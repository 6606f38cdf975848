/** For inserts that are batches already or that a caller waits for: a server with `async_insert` on by default would delay them. */
export const SYNC_INSERT = { async_insert: 0 } as const
