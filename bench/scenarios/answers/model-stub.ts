import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A language model that takes a fixed time, behind OpenAI's chat completions API over real HTTP. */
export interface ModelStub {
  readonly url: string
  stop(): Promise<void>
}

const chunk = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'stub', ...rest })}\n\n`
const ANSWER = [
  chunk({ choices: [{ index: 0, delta: { content: 'Within two working days.' }, finish_reason: null }] }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 } }),
  'data: [DONE]\n\n',
].join('')

/** @param failsEvery each n-th request fails with 500; 0: none */
export async function startModelStub({ ms, failsEvery = 0 }: { readonly ms: number; readonly failsEvery?: number }): Promise<ModelStub> {
  let count = 0
  const server = createServer((request, response) => {
    request.resume()
    const isFailing = failsEvery > 0 && ++count % failsEvery === 0
    void delay(ms).then(() => {
      if (isFailing) response.writeHead(500).end('{"error":{"message":"stub"}}')
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
