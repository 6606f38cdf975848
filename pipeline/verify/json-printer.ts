import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { codeOf } from '../../schemas/errors.ts'
import { TABLES } from '../../schemas/tables.ts'

/** How ClickHouse prints a JSON text that it has stored. */
export interface JsonPrinter {
  /** In the order of the texts; `{}` for one that it cannot hold, as the projector writes it then. */
  print(texts: readonly string[]): Promise<string[]>
}

const TYPE = TABLES.events.columns.data.type
const CACHED_MAX = 20_000
const CACHED_CHARS_MAX = 16 * 1024 * 1024
const ASKED_MAX = 500
export const EMPTY = '{}'

/** What ClickHouse says where a text is not JSON that it can hold, whichever way it was refused. */
const REFUSALS = new Set(['6', '26', '27', '53', '69', '70', '72', '117', '131', '321', '349', '467', '636'])
export const isRefusal = (error: unknown): boolean => REFUSALS.has(codeOf(error) ?? '')

export function createJsonPrinter(clickhouse: ClickHouseClient, settings: ClickHouseSettings): JsonPrinter {
  const known = new LRUCache<string, string>({ max: CACHED_MAX, maxSize: CACHED_CHARS_MAX, sizeCalculation: (printed, text) => printed.length + text.length })
  const ask = async (texts: readonly string[]): Promise<void> => {
    try {
      const result = await clickhouse.query({
        query: `SELECT toJSONString(CAST(arrayJoin({texts:Array(String)}), '${TYPE}'))`, query_params: { texts }, use_multipart_params: true,
        format: 'JSONCompactEachRow', clickhouse_settings: settings,
      })
      for (const [index, [printed]] of (await result.json<[string]>()).entries()) known.set(texts[index] ?? '', printed)
    } catch (error) {
      const [only] = texts
      if (!isRefusal(error) || only === undefined) throw error
      if (texts.length === 1) known.set(only, EMPTY)
      else for (const half of [texts.slice(0, texts.length >> 1), texts.slice(texts.length >> 1)]) await ask(half)
    }
  }
  return {
    async print(texts) {
      const printed = new Map<string, string>([[EMPTY, EMPTY]])
      const distinct = [...new Set(texts)].filter((text) => text !== EMPTY)
      for (let from = 0; from < distinct.length; from += ASKED_MAX) {
        const some = distinct.slice(from, from + ASKED_MAX)
        const unknown = some.filter((text) => !known.has(text))
        if (unknown.length > 0) await ask(unknown)
        for (const text of some) printed.set(text, known.get(text) ?? EMPTY)
      }
      return texts.map((text) => printed.get(text) ?? EMPTY)
    },
  }
}
