import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'

/** A call of a hook. */
export interface HookCall {
  readonly headers: IncomingHttpHeaders
  readonly path: string
  readonly body: string
}

export interface HookReceiver {
  readonly url: string
  readonly port: number
  readonly calls: HookCall[]
  stop(): Promise<void>
}

/** Starts a receiver of hooks on loopback. Default: it answers each with 204. */
export async function startHookReceiver(
  answer: (call: HookCall, response: ServerResponse) => void = (_, response) => response.writeHead(204).end(),
): Promise<HookReceiver> {
  const calls: HookCall[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const call = { headers: request.headers, path: request.url ?? '', body: Buffer.concat(chunks).toString() }
      calls.push(call)
      answer(call, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
