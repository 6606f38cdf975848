import type { ClickHouseSettings } from '@clickhouse/client'

/**
 * For questions that read little: sharing them out over threads, or compiling them, costs more than it saves, and others are asked at
 * the same time.
 */
export const ALONE: ClickHouseSettings = { max_threads: 1, compile_expressions: 0, compile_aggregate_expressions: 0 }
