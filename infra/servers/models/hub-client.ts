import { type Dispatcher, EnvHttpProxyAgent, fetch, ProxyAgent, type Response } from 'undici'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'
import { parseJson } from '../../../schemas/json.ts'
import { EMBED_ADVICE, type ModelAdvice } from './model-advice.ts'

export interface HubClientOptions {
  /** Address of the hub or a mirror. */
  readonly hubUrl: string
  readonly token?: string | undefined
  /** Proxy for all requests. Default: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  readonly proxyUrl?: string | undefined
  /** Aborts all requests and waits. */
  readonly signal?: AbortSignal | undefined
  /** What errors tell to do; default: that of an embedding model. */
  readonly advice?: ModelAdvice
}

/** Sends requests to the hub, through a proxy if there is one. Follows redirects; other hosts do not get the token. */
export interface HubClient {
  readonly advice: ModelAdvice
  readonly signal?: AbortSignal | undefined
  /** Address of a file of a model. */
  fileUrl(model: string, revision: string, path: string): string
  /** Address in the hub's API. */
  apiUrl(model: string, rest: string): string
  /**
   * @throws ColloquyError `model_not_found`, `model_forbidden`, `hub_refused`, or `hub_unreachable` if a retry may help.
   */
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<Response>
  /** Reads JSON. @throws ColloquyError as `get` does, and `hub_refused` if the answer is too large or not JSON */
  json(url: string): Promise<unknown>
  close(): Promise<void>
}

const HEADERS_MS_MAX = 30_000
/** A body that brings no byte for this long has stalled. */
const BODY_PAUSE_MS_MAX = 60_000
const JSON_BYTES_MAX = 8 * 1024 * 1024

export function createHubClient({ hubUrl, token, proxyUrl, signal, advice = EMBED_ADVICE }: HubClientOptions): HubClient {
  const times = { headersTimeout: HEADERS_MS_MAX, bodyTimeout: BODY_PAUSE_MS_MAX }
  const dispatcher: Dispatcher = proxyUrl === undefined ? new EnvHttpProxyAgent(times) : new ProxyAgent({ uri: proxyUrl, ...times })
  const base = hubUrl.replace(/\/+$/, '')
  const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/')
  const get: HubClient['get'] = async (url, headers = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const all = { ...authorization, 'accept-encoding': 'identity', ...headers }
    const response = await fetch(url, { dispatcher, headers: all, ...(signal && { signal }) }).catch((cause: unknown) => {
      throw unreachable(url, reasonOf(cause), cause)
    })
    if (response.ok || response.status === 416) return response
    await response.body?.cancel()
    throw refused(url, response.status, advice)
  }
  return {
    advice,
    signal,
    get,
    fileUrl: (model, revision, path) => `${base}/${encoded(model)}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`,
    apiUrl: (model, rest) => `${base}/api/models/${encoded(model)}/${rest}`,
    async json(url) {
      const text = await textOf(await get(url), url)
      const value = parseJson(text)
      if (value !== undefined) return value
      throw new ColloquyError('hub_refused', `${url} did not answer with JSON; is COLLOQUY_EMBED_HUB_URL a hub, or a mirror of one?`)
    },
    close: () => dispatcher.close(),
  }
}

async function textOf(response: Response, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of bytesIn(response)) {
      bytes += chunk.length
      if (bytes > JSON_BYTES_MAX) {
        throw new ColloquyError(
          'hub_refused',
          `${url} answered with more than ${JSON_BYTES_MAX} bytes; ` + 'is COLLOQUY_EMBED_HUB_URL a hub, or a mirror of one?',
        )
      }
      chunks.push(chunk)
    }
  } catch (cause) {
    throw cause instanceof ColloquyError ? cause : unreachable(url, reasonOf(cause), cause)
  }
  return Buffer.concat(chunks).toString()
}

/** The body of a response in chunks. */
export async function* bytesIn({ body }: Response): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<unknown> | Iterable<unknown> = body ?? []
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk
}

/** Describes a failed fetch with its cause, because its own message is only "fetch failed". */
export const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause !== undefined ? `${error.message}: ${messageOf(error.cause)}` : messageOf(error)

const unreachable = (url: string, why: string, cause?: unknown): ColloquyError =>
  new ColloquyError('hub_unreachable', `${url} does not answer (${why})`, { cause })

function refused(url: string, status: number, advice: ModelAdvice): ColloquyError {
  if (status === 401 || status === 403) {
    return new ColloquyError(
      'model_forbidden',
      `${url} needs permission (HTTP ${status}): set COLLOQUY_EMBED_HUB_TOKEN to a token that may read it, or ${advice.forbidden}`,
    )
  }
  if (status === 404) {
    return new ColloquyError('model_not_found', `${url} does not exist: ${advice.missing}`)
  }
  if (status === 429 || status >= 500) return unreachable(url, `HTTP ${status}`)
  return new ColloquyError('hub_refused', `${url} answered with HTTP ${status}; is COLLOQUY_EMBED_HUB_URL a hub, or a mirror of one?`)
}
