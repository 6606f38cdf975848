import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { type AnalystLimits, internalUser, lowerable } from './clickhouse-config.ts'

/**
 * Whether an analyst, or nobody known, sent a request: all requests but those that name the internal user, and no other, in the headers, as
 * Basic or in the URL. The engine checks the password.
 */
export function isAnalysts(headers: IncomingHttpHeaders, url: string): boolean {
  const header = headers['x-clickhouse-user'] ?? []
  const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(' ', 2)
  const basic = scheme.toLowerCase() === 'basic' ? Buffer.from(credentials, 'base64').toString().split(':', 1) : []
  const users = [header, basic, parametersOf(url).getAll('user')].flat()
  return users.length === 0 || users.some((user) => user !== internalUser)
}

/**
 * Lowers the settings of a URL that are above an analyst's limit, because clients send their own limits with each query, and ClickHouse
 * refuses a query whose limit is above the server's. 0, which means no limit, is lowered too. All other bytes stay as they are.
 *
 * @returns the URL, and the seconds that its query may run.
 */
export function withinLimits(url: string, limits: AnalystLimits): { url: string; executionSec: number } {
  const maxima = new Map(Object.entries({ ...lowerable(limits), [TIME]: limits.executionSecMax }))
  const times: number[] = []
  const lowered = (part: string): string => {
    const [name = '', value = ''] = [...new URLSearchParams(part)].flat()
    const max = maxima.get(name)
    if (max === undefined || !NUMBER.test(value)) return part
    const kept = Number(value) === 0 ? max : Math.min(Math.max(Number(value), 1), max)
    if (name === TIME) times.push(kept)
    return kept === Number(value) ? part : `${name}=${kept}`
  }
  const [path = '', ...search] = url.split('?')
  const parts = search.join('?').split('&').map(lowered)
  return { url: search.length === 0 ? path : `${path}?${parts.join('&')}`, executionSec: Math.max(...times, limits.executionSec) }
}

/**
 * Takes the database `default` out of a request, which then goes to the user's own database. JDBC and others send it when nobody named a
 * database; the engine's has nothing in it.
 */
export function inOwnDatabase({ method, url = '', headers }: IncomingMessage): {
  method?: string
  url: string
  headers: IncomingHttpHeaders
} {
  const { 'x-clickhouse-database': named, ...others } = headers
  return {
    ...(method !== undefined && { method }),
    url: url.replace(/([?&])database=default(?:&|$)/, '$1'),
    headers: named === 'default' ? others : headers,
  }
}

/**
 * Takes the wish for headers about the progress out of a URL. They would come with the answer, not before it, and be too many: the proxy
 * passes headers on when all are there. The header with the sums stays.
 */
export const withoutProgress = (url: string): string => url.replaceAll(/([?&])send_progress_in_http_headers=[^&]*&?/g, '$1')

/**
 * Whether ClickHouse would compress an answer twice: drivers that ask for ClickHouse's own compression, which clients of versions before
 * 0.7 of the JDBC driver name in Accept-Encoding too, decompress it once.
 */
export function isCompressedByClickHouse(url: string): boolean {
  const parameters = parametersOf(url)
  return ['1', 'true'].includes(parameters.get('compress') ?? '') && !parameters.has('enable_http_compression')
}

const TIME = 'max_execution_time'
const NUMBER = /^\d+(?:\.\d+)?(?:e\d+)?$/i
const parametersOf = (url: string): URLSearchParams => new URLSearchParams(url.split('?').slice(1).join('?'))
