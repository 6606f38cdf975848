import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import { LRUCache } from 'lru-cache'
import { TABLES } from '../../schemas/tables.ts'
import { boundedBatches, sendInHalves } from '../runtime/bounded-batches.ts'
import { isRowRefusal, PARAMETER_BOUNDS, parameterBytes } from '../runtime/clickhouse-failures.ts'

/** Prints JSON texts as ClickHouse prints them after it has stored them. */
export interface JsonPrinter {
  /** Returns the printed texts in order; `{}` for a text that ClickHouse cannot store, as the projector writes it. */
  print(texts: readonly string[]): Promise<string[]>
}

const TYPE = TABLES.events.columns.data.type
const CACHED_MAX = 20_000
const CACHED_CHARS_MAX = 16 * 1024 * 1024
/** UTF-16 units of a part of a text that is too long for one parameter; its UTF-8 is within `PARAMETER_BOUNDS`. */
const PART_CHARS = 16_384
export const EMPTY = '{}'

/** Creates a printer that caches up to 20,000 texts. Its `print` throws the errors of ClickHouse except refusals. */
export function createJsonPrinter(clickhouse: ClickHouseClient, settings: ClickHouseSettings): JsonPrinter {
  const cache = new LRUCache<string, string>({
    max: CACHED_MAX,
    maxSize: CACHED_CHARS_MAX,
    sizeCalculation: (printed, text) => printed.length + text.length,
  })
  const query = async (textsSql: string, params: Readonly<Record<string, unknown>>): Promise<string[]> => {
    const result = await clickhouse.query({
      query: `SELECT toJSONString(CAST(${textsSql}, '${TYPE}'))`,
      query_params: { ...params },
      use_multipart_params: true,
      format: 'JSONCompactEachRow',
      clickhouse_settings: settings,
    })
    return (await result.json<[string]>()).map(([printed]) => printed)
  }
  const printAll = async (texts: readonly string[]): Promise<string[]> => {
    const [only] = texts
    if (texts.length > 1 || only === undefined || parameterBytes(only) <= PARAMETER_BOUNDS.bytesMax) {
      return query('arrayJoin({texts:Array(String)})', { texts })
    }
    const parts = partsOf(only).map((part, index) => [`part${index}`, part] as const)
    return query(`concat(${parts.map(([name]) => `{${name}:String}`).join(', ')}, '')`, Object.fromEntries(parts))
  }
  return {
    async print(texts) {
      const printed = new Map<string, string>([[EMPTY, EMPTY]])
      const unknown: string[] = []
      for (const text of new Set(texts)) {
        const known = cache.get(text)
        if (known !== undefined) printed.set(text, known)
        else if (text !== EMPTY) unknown.push(text)
      }
      const keep = (text: string, as: string): void => {
        printed.set(text, as)
        cache.set(text, as)
      }
      for (const batch of boundedBatches(unknown, PARAMETER_BOUNDS, parameterBytes)) {
        await sendInHalves(batch, {
          send: async (some) => (await printAll(some)).forEach((as, index) => keep(some[index] ?? '', as)),
          isRefusal: isRowRefusal,
          onRefused: async (text) => keep(text, EMPTY),
        })
      }
      return texts.map((text) => printed.get(text) ?? EMPTY)
    },
  }
}

/** Splits a text, not between the halves of a surrogate pair. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const end = at + PART_CHARS
    const next = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') ? end + 1 : end
    parts.push(text.slice(at, next))
    at = next
  }
  return parts
}
