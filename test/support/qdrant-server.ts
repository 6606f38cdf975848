import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { readQdrantRules } from './qdrant-openapi.ts'

/*
 * A simulated Qdrant for machines without the real one. It validates every request and answer against Qdrant's OpenAPI document. It
 * stores, filters, scores and fuses points by scanning all of them, and refuses operations that the adapter does not use.
 */

interface Sparse {
  readonly indices: readonly number[]
  readonly values: readonly number[]
}
interface Point {
  readonly id: string
  readonly vector: { readonly dense: readonly number[]; readonly words: Sparse }
  payload: Readonly<Record<string, unknown>>
}
interface Condition {
  readonly key?: string
  readonly match?: { readonly value: unknown } | { readonly any: readonly unknown[] }
  readonly range?: Readonly<Partial<Record<'gt' | 'gte' | 'lt' | 'lte', string | number>>>
  readonly is_empty?: { readonly key: string }
}
interface Filter {
  readonly must: readonly Condition[]
}
interface Prefetch {
  readonly query: readonly number[] | Sparse
  readonly using: string
  readonly filter: Filter
  readonly limit: number
}
interface Created {
  readonly vectors: { readonly dense: { readonly size: number } }
  readonly sparse_vectors: unknown
  readonly metadata: unknown
}
interface Collection {
  readonly config: Created
  readonly indexes: Map<string, unknown>
  readonly points: Map<string, Point>
}
interface Body {
  readonly filter: Filter
  readonly points: readonly Point[]
  readonly ids: readonly string[]
  readonly with_payload?: boolean | string[]
  readonly with_vector?: boolean | string[]
  readonly field_name: string
  readonly field_schema: unknown
  readonly prefetch: readonly Prefetch[]
  readonly query: Prefetch['query']
  readonly using: string
  readonly limit: number
  readonly offset?: string
  readonly payload: Point['payload']
  readonly operations: readonly { readonly set_payload: Pick<Body, 'payload' | 'filter'> }[]
}

/** A request that selects points by ids instead of a filter. */
interface Named {
  readonly points: readonly string[]
}
const picked = (payload: Point['payload'], fields: readonly string[]): Point['payload'] =>
  Object.fromEntries(Object.entries(payload).filter(([field]) => fields.includes(field)))

const isNamed = (body: object): body is Named => 'points' in body

export interface FakeQdrant {
  readonly url: string
  /** The payload indexes of a collection by field. */
  indexes(collection: string): ReadonlyMap<string, unknown> | undefined
  /** Requests and answers that do not fit the OpenAPI document. */
  readonly violations: readonly string[]
  /** Answers the next `count` requests with 503. */
  failNext(count: number): void
  /** Deletes a collection. */
  drop(collection: string): void
  stop(): Promise<void>
}

/** @param wanted port; default: any free one */
export async function startFakeQdrant(wanted = 0): Promise<FakeQdrant> {
  const rules = await readQdrantRules()
  const collections = new Map<string, Collection>()
  const violations: string[] = []
  let failing = 0

  const answer = async (request: IncomingMessage): Promise<[number, unknown]> => {
    const { pathname } = new URL(request.url ?? '', 'http://fake')
    if (pathname === '/healthz') return [200, {}]
    const [, , name = '', ...rest] = pathname.split('/').map(decodeURIComponent)
    const method = request.method ?? ''
    const path = ['/collections', '{collection_name}', ...rest].join('/')
    const body = method === 'GET' ? undefined : await json(request)
    if (failing > 0) {
      failing -= 1
      return [503, { status: { error: 'busy' }, time: 0 }]
    }
    const wrong = rules.request(method, path, body)
    if (wrong !== undefined) {
      violations.push(`${method} ${path}: ${wrong}`)
      return [400, { status: { error: wrong }, time: 0 }]
    }
    // The body was validated above.
    const result = handle(method, path, name, body as Body)
    if (result === undefined) return [404, { status: { error: `no collection ${name}` }, time: 0 }]
    const answered = { result, status: 'ok', time: 0.001 }
    const wrongAnswer = rules.response(method, path, answered)
    if (wrongAnswer !== undefined) violations.push(`answer to ${method} ${path}: ${wrongAnswer}`)
    return [200, answered]
  }
  const handle = (method: string, path: string, name: string, body: Body): unknown => {
    const collection = collections.get(name)
    const operation = `${method} ${path.replace('/collections/{collection_name}', '')}`
    if (operation === 'GET /exists') return { exists: collection !== undefined }
    if (operation === 'PUT ') {
      collections.set(name, { config: body as unknown as Created, indexes: new Map(), points: new Map() })
      return true
    }
    if (collection === undefined) return undefined
    const { points, indexes, config } = collection
    const matching = (filter: Filter): Point[] =>
      [...points.values()].filter((point) => filter.must.every((condition) => matches(condition, point)))
    const done = { operation_id: 1, status: 'completed' }
    const setPayload = ({ payload, filter }: Pick<Body, 'payload' | 'filter'>): typeof done => {
      for (const point of matching(filter)) point.payload = { ...point.payload, ...payload }
      return done
    }
    switch (operation) {
      case 'GET ':
        return {
          status: 'green',
          optimizer_status: 'ok',
          segments_count: 1,
          payload_schema: {},
          points_count: points.size,
          config: {
            params: { vectors: config.vectors, sparse_vectors: config.sparse_vectors },
            metadata: config.metadata,
            hnsw_config: { m: 0, ef_construct: 100, full_scan_threshold: 10_000, payload_m: 16 },
            optimizer_config: { deleted_threshold: 0.2, vacuum_min_vector_number: 1_000, default_segment_number: 0, flush_interval_sec: 5 },
          },
        }
      case 'PUT /index':
        indexes.set(body.field_name, body.field_schema)
        return done
      case 'PUT /points':
        for (const point of body.points) {
          if (point.vector.dense.length !== config.vectors.dense.size) throw new Error('Wrong input: Vector dimension error')
          points.set(point.id, point)
        }
        return done
      case 'POST /points':
        return body.ids.flatMap((id) => {
          const point = points.get(id)
          if (point === undefined) return []
          const payload = Array.isArray(body.with_payload) ? { payload: picked(point.payload, body.with_payload) } : {}
          return [{ id, ...payload, ...(Array.isArray(body.with_vector) ? { vector: { dense: point.vector.dense } } : {}) }]
        })
      case 'POST /points/delete':
        for (const id of isNamed(body) ? body.points : matching(body.filter).map((point) => point.id)) points.delete(id)
        return done
      case 'POST /points/payload':
        return setPayload(body)
      case 'POST /points/batch':
        return body.operations.map((one) => setPayload(one.set_payload))
      case 'POST /points/scroll': {
        // In the order of ids, as Qdrant.
        const after = matching(body.filter).sort((a, b) => (a.id < b.id ? -1 : 1))
        const from = after.filter(({ id }) => body.offset === undefined || id >= body.offset)
        const page = from.slice(0, body.limit)
        const fields = body.with_payload
        return {
          points: page.map(({ id, payload: { terms: _terms, counts: _counts, ...payload } }) => ({
            id,
            payload: Array.isArray(fields) ? picked(payload, fields) : payload,
          })),
          next_page_offset: from[body.limit]?.id ?? null,
        }
      }
      case 'POST /points/count':
        return { count: matching(body.filter).length }
      case 'POST /points/query': {
        const found = body.prefetch.flatMap((one) => nearest(matching(one.filter), one, [...points.values()]).slice(0, one.limit))
        const fields = Array.isArray(body.with_payload) ? body.with_payload : []
        return {
          points: scoresOf([...new Set(found)], body, [...points.values()])
            .slice(0, body.limit)
            .map(({ point: { id, payload }, score }) => ({ id, version: 1, score, payload: picked(payload, fields) })),
        }
      }
      default:
        throw new Error(`this server has no ${operation}`)
    }
  }
  const server: Server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown): [number, unknown] => [400, { status: { error: String(error) }, time: 0 }])
      .then(([status, body]) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)))
      .catch((error: unknown) => violations.push(String(error)))
  })
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    violations,
    indexes: (collection) => collections.get(collection)?.indexes,
    failNext(count) {
      failing = count
    },
    drop(collection) {
      collections.delete(collection)
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const BOUNDS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  gt: (value, limit) => value > limit,
  gte: (value, limit) => value >= limit,
  lt: (value, limit) => value < limit,
  lte: (value, limit) => value <= limit,
}

function matches({ key = '', match, range, is_empty: empty }: Condition, { payload }: Point): boolean {
  if (empty !== undefined) return payload[empty.key] === undefined
  const value = payload[key]
  if (match !== undefined) {
    const [own, wanted] = [[value].flat(), 'any' in match ? match.any : [match.value]]
    return wanted.some((one) => own.includes(one))
  }
  const number = (given: unknown): number => (typeof given === 'string' ? Date.parse(given) : Number(given))
  return Object.entries(range ?? {}).every(([bound, limit]) => BOUNDS[bound]?.(number(value), number(limit)))
}

type Ranking = Pick<Prefetch, 'query' | 'using'>

const nearest = (points: readonly Point[], ranking: Ranking, all: readonly Point[]): Point[] =>
  scoresOf(points, ranking, all).map(({ point }) => point)

/** Points by cosine, or by the product of the sparse vectors weighted by IDF; best first. */
function scoresOf(points: readonly Point[], { query }: Ranking, all: readonly Point[]): { point: Point; score: number }[] {
  if (!('indices' in query)) {
    return scored(points, ({ vector }) => vector.dense.reduce((sum, value, index) => sum + value * (query[index] ?? 0), 0), -Infinity)
  }
  const weights = new Map(
    query.indices.map((index) => {
      const having = all.filter(({ vector }) => vector.words.indices.includes(index)).length
      return [index, Math.log(1 + (all.length - having + 0.5) / (having + 0.5))]
    }),
  )
  const scoreOf = ({ vector: { words } }: Point): number =>
    words.indices.reduce((sum, index, place) => sum + (weights.get(index) ?? 0) * (words.values[place] ?? 0), 0)
  return scored(points, scoreOf, 0)
}

const scored = (points: readonly Point[], score: (point: Point) => number, above: number): { point: Point; score: number }[] =>
  points
    .map((point) => ({ point, score: score(point) }))
    .filter((one) => one.score > above)
    .sort((a, b) => b.score - a.score)
