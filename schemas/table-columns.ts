/** A column of a table. ClickHouse and docs/tables.md show its comment. */
export interface Column {
  readonly type: string
  readonly comment: string
  readonly codec?: string
  /** SQL for the value in rows that were inserted without one. Default: that of the type. */
  readonly default?: string
}

/**
 * A data-skipping index of ClickHouse. On a column that differs between the versions of a row it is right all the same: ClickHouse also
 * reads the other versions of what the index selects (`use_skip_indexes_if_final_exact_mode`), and servers without that use none under
 * FINAL.
 */
export interface SkipIndex {
  readonly of: string
  readonly type: string
  /** Granules (8,192 rows each) per entry of the index. */
  readonly granularity: number
}

/** A table in ClickHouse. */
export interface Table {
  readonly comment: string
  readonly columns: Readonly<Record<string, Column>>
  /** The key of a row, and the order of rows on disk. */
  readonly orderBy: readonly string[]
  /**
   * ClickHouse partitions the rows by the month of this column. The value must never change for a row. It is therefore a time by Colloquy's
   * clock, never one by a producer's clock.
   */
  readonly partitionBy: string
  /** The current row of a key is the one with the highest value in this column. Default: all rows of a key are equal. */
  readonly version?: string
  readonly indexes?: readonly SkipIndex[]
  readonly settings?: Readonly<Record<string, string>>
}

/** A table in which each row is a function of one record. */
export interface ReadModel extends Table {
  /** The column with the LOG sequence of that record. */
  readonly seq: string
}

/** A column without a codec of its own. */
export const col = (type: string, comment: string): Column => ({ type, comment })
/** A column whose values rise, or nearly so, in the order of the rows. */
export const monotonic = (type: string, comment: string): Column => ({ type, comment, codec: 'Delta, LZ4' })
/** A column of ids, which resemble their neighbours. */
export const id = (comment: string): Column => ({ type: 'String', comment, codec: 'ZSTD(1)' })
/** A column of long texts, which are rarely read. */
export const longText = (comment: string): Column => ({ type: 'String', comment, codec: 'ZSTD(3)' })
export const TEXT = 'LowCardinality(String)'
export const TEXT_OR_NULL = 'LowCardinality(Nullable(String))'
export const TIME = "DateTime64(3, 'UTC')"
export const TIME_OR_NULL = `Nullable(${TIME})`
export const MONEY_OR_NULL = 'Nullable(Decimal(18, 6))'

/**
 * For tables with a JSON column: the storage format of the paths beyond `max_dynamic_paths`. With this format, a merge costs the same for
 * any number of paths. With ClickHouse's default, a merge of a few hundred thousand paths takes seconds and gigabytes. A server that does
 * not know the format refuses to create the table.
 */
export const SHARED_PATH_SETTINGS = { object_shared_data_serialization_version: "'map_with_buckets'" }

/** An index of the lowest and the highest value. */
export const rangeOf = (column: string): SkipIndex => ({ of: column, type: 'minmax', granularity: 1 })

/**
 * Indexes for queries about one actor or a range of time. The rows of a range of time are close together, because times rise with the log.
 */
export const byActorAnd = (time: string): readonly SkipIndex[] => [{ of: 'actor', type: 'bloom_filter', granularity: 1 }, rangeOf(time)]
