import { randomUUID } from 'node:crypto'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The analysts' queries take turns: as many run as there are slots, and further ones wait in the engine, in the order of their arrival.
 * The time that a query waits counts as time that it runs. Colloquy's own user has another workload, which never waits.
 */
export const workload = 'analysts'

/** Queries that may wait; beyond, the engine refuses with code 745. 16 people with a dashboard of 16 panels. */
const WAITING_MAX = 256
/** Time that a query may wait. */
const WAIT_MS_MAX = 10_000
/** A query that ends just now is neither running nor answered for some milliseconds, so a second look confirms the first. */
const CONFIRM_MS = 250
/** Until the end of a query that nobody waits for any more: at first at once, then after longer and longer times, 15 s in all. */
const END_DELAYS_MS = [0, 1_000, 2_000, 4_000, 8_000]
const RETRY_SEC = 5

/** The engine's codes for too many queries, too many waiting ones, and too many sessions. */
const FULL = new Set(['202', '745', '700'])

export const startStatements = (slots: number): string[] => [
  'CREATE RESOURCE query (QUERY)',
  `CREATE WORKLOAD ${workload} SETTINGS max_concurrent_queries = ${slots}, max_waiting_queries = ${WAITING_MAX}`,
]

/** Whether the engine refused the query because of the number of queries. */
export const isFull = ({ headers }: http.IncomingMessage): boolean => FULL.has(String(headers['x-clickhouse-exception-code']))

/** Refuses a query that gets no slot, in ClickHouse's form, so that clients show the text and know the code. */
export function refuseForNow(to: http.ServerResponse): void {
  const headers = { 'Retry-After': RETRY_SEC, 'X-ClickHouse-Exception-Code': 202, 'Content-Type': 'text/plain; charset=UTF-8' }
  to.writeHead(503, headers).end(
    'Code: 202. DB::Exception: Too many queries of analysts run or wait, so this one did not start. '
      + `Try again in ${RETRY_SEC} seconds. SHOW PROCESSLIST lists the running ones; `
      + "KILL QUERY WHERE query_id = '…' ends one. (TOO_MANY_SIMULTANEOUS_QUERIES)\n",
  )
}

/** The path with a query id: the client's, else a new one. It comes first, because the engine takes the first of several. */
export function withQueryId(path: string, headers: http.IncomingHttpHeaders): { path: string; queryId: string } {
  const own = new URLSearchParams(path.split('?').slice(1).join('?')).get('query_id') ?? String(headers['x-clickhouse-query-id'] ?? '')
  if (own !== '') return { path, queryId: own }
  const queryId = randomUUID()
  const [before = '', ...search] = path.split('?')
  return { path: `${before}?${[`query_id=${queryId}`, search.join('?')].join('&')}`, queryId }
}

export interface SentQuery {
  engine: http.RequestOptions
  path: string
  headers: http.IncomingHttpHeaders
  queryId: string
}

interface Exchange {
  from: http.IncomingMessage
  to: http.ServerResponse
  inner: http.ClientRequest
}

/** Refuses a query that has not started some time after all of its request came. Calls back then. */
export function watchTurn(query: SentQuery, { from, to, inner }: Exchange, giveUp: () => void): void {
  const over = new AbortController()
  inner.once('response', () => over.abort())
  to.once('close', () => over.abort())
  from.once('end', () => {
    void waitsTooLong(query, over.signal).then((tooLong) => {
      if (!tooLong) return
      refuseForNow(to)
      giveUp()
    })
  })
}

/** Resolves to true when the query has waited too long, to false when it runs or when the watch is over. */
async function waitsTooLong(query: SentQuery, over: AbortSignal): Promise<boolean> {
  try {
    await sleep(WAIT_MS_MAX, undefined, { signal: over, ref: false })
    if (await hasStarted(query)) return false
    await sleep(CONFIRM_MS, undefined, { signal: over, ref: false })
    return !(await hasStarted(query)) && !over.aborted
  } catch {
    // Answered, left, or the engine is away, which its request for the query finds out too.
    return false
  }
}

/**
 * Ends a query whose client has gone, which the engine itself misses while it joins or prepares a query. One that still waits cannot be
 * ended before its turn, so this asks again.
 */
export async function endQuery(query: SentQuery): Promise<void> {
  try {
    for (const delayMs of END_DELAYS_MS) {
      await sleep(delayMs, undefined, { ref: false })
      if ((await askAsUser(query, 'KILL QUERY WHERE query_id = {id:String} ASYNC')).found !== '') return
    }
  } catch {
    // The engine is away, and its queries with it.
  }
}

async function hasStarted(query: SentQuery): Promise<boolean> {
  const { status, found } = await askAsUser(query, 'KILL QUERY WHERE query_id = {id:String} TEST')
  return status !== 200 || found !== ''
}

/** Asks as the user of the query, who sees it if it runs. The engine answers this statement at once, without a slot. */
async function askAsUser(
  { engine, path, headers, queryId }: SentQuery,
  statement: string,
): Promise<{ status: number | undefined; found: string }> {
  const asked = new URLSearchParams(path.split('?').slice(1).join('?'))
  const parameters = new URLSearchParams({ param_id: queryId })
  for (const name of ['user', 'password']) if (asked.has(name)) parameters.set(name, asked.get(name) ?? '')
  const { authorization, 'x-clickhouse-user': user, 'x-clickhouse-key': key } = headers
  const credentials = Object.entries({ authorization, 'x-clickhouse-user': user, 'x-clickhouse-key': key }).filter(
    ([, value]) => value !== undefined,
  )
  const question = http.request({ ...engine, method: 'POST', path: `/?${parameters.toString()}`, headers: Object.fromEntries(credentials) })
  const answer = new Promise<http.IncomingMessage>((resolve, reject) => question.once('response', resolve).once('error', reject))
  question.end(statement)
  return { status: (await answer).statusCode, found: await text(await answer) }
}
