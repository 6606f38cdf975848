import { createHash, hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The fault of the next answer for a file. */
export type HubFault =
  /** The connection ends after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** The server says that fewer bytes are all there is. */
  | { readonly shortBy: number }
  | { readonly status: number }
  | { readonly instead: Uint8Array }

export interface HubRequest {
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

/** A hub on this machine with one model, of as many files as it is given. It answers as the real one does, ranges included. */
export interface TestHub {
  readonly url: string
  readonly commit: string
  readonly requests: HubRequest[]
  /** For the next answers with this file, one each. */
  fail(file: string, ...faults: readonly HubFault[]): void
  /** The files of the branch change; the commit with them. */
  push(files: ReadonlyMap<string, Uint8Array>): void
  stop(): Promise<void>
}

/** Larger files are kept as the hub keeps them: by SHA-256. */
const LFS_FROM_BYTES = 16 * 1024

export async function startHub(files: ReadonlyMap<string, Uint8Array>): Promise<TestHub> {
  const revisions = new Map<string, ReadonlyMap<string, Uint8Array>>()
  const faults = new Map<string, HubFault[]>()
  const requests: HubRequest[] = []
  let commit = ''
  const push = (pushed: ReadonlyMap<string, Uint8Array>): void => {
    commit = hash('sha1', [...pushed].map(([path, content]) => `${path} ${hash('sha256', content)}`).join())
    revisions.set(commit, pushed)
  }
  push(files)

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://hub').pathname)
    requests.push({ path, range: request.headers.range, authorization: request.headers.authorization })
    const json = (value: unknown): void => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
    }
    const [, , resolved, file] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? []
    const tree = /^\/api\/models\/[^/]+\/[^/]+\/tree\/(.+)$/.exec(path)?.[1]
    if (/^\/api\/models\/[^/]+\/[^/]+\/revision\/main$/.test(path)) return json({ sha: commit })
    if (tree !== undefined) return json([...(revisions.get(tree) ?? [])].map(entry))
    const content = resolved === undefined || file === undefined ? undefined : revisions.get(resolved)?.get(file)
    if (content === undefined || file === undefined) return void response.writeHead(404).end()
    send(request, response, content, faults.get(file)?.shift())
  }
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    push,
    get commit() {
      return commit
    },
    fail: (file, ...some) => void faults.set(file, [...some]),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function send(request: IncomingMessage, response: ServerResponse, content: Uint8Array, fault: HubFault | undefined): void {
  if (fault !== undefined && 'status' in fault) return void response.writeHead(fault.status).end()
  const whole = fault !== undefined && 'instead' in fault ? fault.instead : content
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (from >= whole.length && from > 0) return void response.writeHead(416).end()
  const body = whole.subarray(from, whole.length - (fault !== undefined && 'shortBy' in fault ? fault.shortBy : 0))
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': body.length,
    ...(from > 0 ? { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
  })
  if (fault === undefined || !('cutAfter' in fault)) return void response.end(body)
  response.write(body.subarray(0, fault.cutAfter), () => response.destroy())
}

const entry = ([path, content]: readonly [string, Uint8Array]) => ({
  type: 'file',
  path,
  size: content.length,
  oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
  ...(content.length < LFS_FROM_BYTES ? {} : { lfs: { oid: hash('sha256', content), size: content.length } }),
})
