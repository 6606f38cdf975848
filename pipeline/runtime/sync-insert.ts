/** For an insert that is a batch already, or a mark that somebody waits for: a server that gathers inserts by default (`async_insert`) lets it wait. */
export const SYNC_INSERT = { async_insert: 0 } as const
