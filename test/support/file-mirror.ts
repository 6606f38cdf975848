import { once } from 'node:events'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Preset } from '../../infra/servers/models/presets.ts'

/** A mirror of the hub that has the files of one model, at one commit, and nothing else: no API, no other revision. */
export interface FileMirror {
  readonly url: string
  /** Paths of the requests, with their ranges; those with 404 too. */
  readonly requests: { readonly path: string; readonly range: string | undefined; readonly status: number }[]
  /** Answers 404 to everything until it is called with true, and again after false. */
  setOpen(isOpen: boolean): void
  /** Sends this many bytes of the next answer with a file, and the rest when the returned function is called. */
  hold(path: string, bytes: number): () => void
  stop(): Promise<void>
}

/** @param folder has the files of the model */
export async function startFileMirror({ name, revision }: Preset, folder: string): Promise<FileMirror> {
  const root = `/${name}/resolve/${revision}/`
  const requests: FileMirror['requests'] = []
  const held = new Map<string, { readonly bytes: number; readonly released: Promise<void> }>()
  let isOpen = false

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(request.url ?? '')
    const { range } = request.headers
    const file = path.slice(root.length)
    const whole = join(folder, file)
    const status = !isOpen || !path.startsWith(root) || !existsSync(whole) ? 404 : range === undefined ? 200 : 206
    requests.push({ path, range, status })
    if (status === 404) return void response.writeHead(status).end()
    const size = statSync(whole).size
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    response.writeHead(status, {
      'content-length': size - from,
      ...(status === 206 && { 'content-range': `bytes ${from}-${size - 1}/${size}` }),
    })
    const hold = held.get(file)
    held.delete(file)
    const send = async (start: number, end: number): Promise<void> => {
      for await (const chunk of createReadStream(whole, { start, end: end - 1 })) response.write(chunk)
    }
    if (hold !== undefined) {
      await send(from, from + hold.bytes)
      await hold.released
    }
    await send(from + (hold?.bytes ?? 0), size)
    response.end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setOpen(open) {
      isOpen = open
    },
    hold(path, bytes) {
      const { promise, resolve } = Promise.withResolvers<void>()
      held.set(path, { bytes, released: promise })
      return resolve
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
