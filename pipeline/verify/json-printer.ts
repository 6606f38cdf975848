import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { codeOf } from '../../schemas/errors.ts'
import { TABLES } from '../../schemas/tables.ts'

/** Prints JSON texts as ClickHouse prints them after it has stored them. */
export interface JsonPrinter {
  /** Returns the printed texts in order; `{}` for a text that ClickHouse cannot store, as the projector writes it. */
  print(texts: readonly string[]): Promise<string[]>
}

const TYPE = TABLES.events.columns.data.type
const CACHED_MAX = 20_000
const CACHED_CHARS_MAX = 16 * 1024 * 1024
/** Max texts of one query. */
const TEXTS_MAX = 500
export const EMPTY = '{}'

/** Error codes of ClickHouse for JSON that it cannot store. */
const REFUSALS = new Set(['6', '26', '27', '53', '69', '70', '72', '117', '131', '321', '349', '467', '636'])
/** Whether ClickHouse has refused a text as JSON. */
export const isRefusal = (error: unknown): boolean => REFUSALS.has(codeOf(error) ?? '')

/** Creates a printer that caches up to 20,000 texts. Its `print` throws the errors of ClickHouse except refusals. */
export function createJsonPrinter(clickhouse: ClickHouseClient, settings: ClickHouseSettings): JsonPrinter {
  const cache = new LRUCache<string, string>({
    max: CACHED_MAX,
    maxSize: CACHED_CHARS_MAX,
    sizeCalculation: (printed, text) => printed.length + text.length,
  })
  const fetchPrinted = async (texts: readonly string[]): Promise<void> => {
    try {
      const result = await clickhouse.query({
        query: `SELECT toJSONString(CAST(arrayJoin({texts:Array(String)}), '${TYPE}'))`,
        query_params: { texts },
        use_multipart_params: true,
        format: 'JSONCompactEachRow',
        clickhouse_settings: settings,
      })
      for (const [index, [printed]] of (await result.json<[string]>()).entries()) cache.set(texts[index] ?? '', printed)
    } catch (error) {
      const [only] = texts
      if (!isRefusal(error) || only === undefined) throw error
      if (texts.length === 1) cache.set(only, EMPTY)
      else {
        await fetchPrinted(texts.slice(0, texts.length >> 1))
        await fetchPrinted(texts.slice(texts.length >> 1))
      }
    }
  }
  return {
    async print(texts) {
      const printed = new Map<string, string>([[EMPTY, EMPTY]])
      const distinct = [...new Set(texts)].filter((text) => text !== EMPTY)
      for (let from = 0; from < distinct.length; from += TEXTS_MAX) {
        const some = distinct.slice(from, from + TEXTS_MAX)
        const unknown = some.filter((text) => !cache.has(text))
        if (unknown.length > 0) await fetchPrinted(unknown)
        for (const text of some) printed.set(text, cache.get(text) ?? EMPTY)
      }
      return texts.map((text) => printed.get(text) ?? EMPTY)
    },
  }
}
