import type { ClickHouseClient } from '@clickhouse/client'
import { actorKey } from '../../schemas/subjects.ts'
import { inPieces, removedSql, type SeqRange } from '../jetstream/removed.ts'
import type { IndexReader } from '../search/vector-store.ts'
import type { IndexText } from './index-changes.ts'

/** Texts of one query: each may have 256 KiB. */
const TEXTS_MAX = 100

interface MessageRow {
  readonly tenant: string
  readonly kind: string
  readonly actor: string
  readonly seq: number
  readonly idx: number
  readonly n: number
  readonly id: string
  readonly lang: string | null
  readonly at: string
  readonly text: string
}

/**
 * The messages of lost records, from the table `messages`, which has the last copy of their texts. In batches. Chunks of knowledge have no
 * table.
 */
export async function* lostTexts(clickhouse: ClickHouseClient, ranges: readonly SeqRange[]): AsyncGenerator<IndexText[]> {
  for (const some of inPieces(ranges)) {
    const lost = removedSql({ ranges: some }, 'seq') ?? 'false'
    for (let [seq, idx] = [0, 0]; ;) {
      // The number of the record in its actor is only in its events.
      const result = await clickhouse.query({
        query: `SELECT m.tenant AS tenant, m.kind AS kind, m.actor AS actor, m.seq AS seq, m.idx AS idx, e.n AS n, m.id AS id,
            m.lang AS lang, formatDateTime(m.time, '%FT%T.%fZ', 'UTC') AS at, m.text AS text
          FROM (SELECT * FROM messages WHERE ${lost} AND (seq, idx) > ({seq:UInt64}, {idx:Int32}) ORDER BY seq, idx LIMIT ${TEXTS_MAX}) AS m
          LEFT JOIN (SELECT seq, any(n) AS n FROM events WHERE ${lost} GROUP BY seq) AS e ON e.seq = m.seq ORDER BY seq, idx`,
        query_params: { seq, idx: seq === 0 ? -1 : idx },
        clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
        format: 'JSONEachRow',
      })
      const rows = await result.json<MessageRow>()
      const last = rows.at(-1)
      if (last === undefined) break
      seq = last.seq
      idx = last.idx
      yield rows.filter(({ text }) => text.trim() !== '').map(textOf)
    }
  }
}

const textOf = ({ tenant, kind, actor, seq, idx, n, id, lang, at, text }: MessageRow): IndexText => ({
  key: `${actorKey({ tenant, kind, id: actor })}/${n}/${idx}/${id}`,
  tenant,
  in: 'messages',
  kind,
  actor,
  source: id,
  lang,
  at,
  seq,
  text,
})

/** Those of the texts that have no point: a text counts by its record and its event. */
export async function lackingPoints(store: IndexReader, texts: readonly IndexText[]): Promise<IndexText[]> {
  const [first, last] = [texts[0], texts.at(-1)]
  if (first === undefined || last === undefined) return []
  const known = new Set<string>()
  for await (const page of store.scan({ from: first.seq, to: last.seq })) {
    for (const { seq, in: area, source } of page) if (area === 'messages') known.add(`${seq} ${source}`)
  }
  return texts.filter(({ seq, source }) => !known.has(`${seq} ${source}`))
}
