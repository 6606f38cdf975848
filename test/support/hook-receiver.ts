import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface ReceivedCall {
  readonly id: string
  readonly timestamp: string
  readonly signature: string
  readonly body: Buffer
  readonly event: { readonly type: string; readonly source: string; readonly data: Readonly<Record<string, unknown>> }
  readonly status: number
}

/** A server that hooks call, and what they have called it with. */
export interface HookReceiver {
  readonly host: string
  readonly url: string
  readonly calls: readonly ReceivedCall[]
  /** Decides the status of each call; default 204. `undefined`: it never answers. */
  answer: (call: Omit<ReceivedCall, 'status'>) => number | undefined
  stop(): Promise<void>
}

export async function startHookReceiver(): Promise<HookReceiver> {
  const calls: ReceivedCall[] = []
  const receiver = { answer: (): number | undefined => 204 } as Pick<HookReceiver, 'answer'>
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const header = (name: string): string => String(request.headers[name])
      const call = {
        id: header('webhook-id'),
        timestamp: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body,
        event: JSON.parse(body.toString()) as ReceivedCall['event'],
      }
      const status = receiver.answer(call)
      if (status === undefined) return
      calls.push({ ...call, status })
      response.writeHead(status, { location: '/elsewhere' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(receiver, {
    host,
    url: `http://${host}/events`,
    calls,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}
