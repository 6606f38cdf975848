import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

export interface ModelStubData {
  /** Milliseconds from a request to its answer. */
  readonly ms: number
  /** Each n-th request fails with 500; 0: none. */
  readonly failsEvery: number
}

/** A language model that takes a fixed time, behind OpenAI's chat completions API. Its first message is its port. */
const { ms, failsEvery } = workerData as ModelStubData

const chunk = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'stub', ...rest })}\n\n`
const ANSWER = [
  chunk({ choices: [{ index: 0, delta: { content: 'Within two working days.' }, finish_reason: null }] }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 } }),
  'data: [DONE]\n\n',
].join('')

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
parentPort?.postMessage((server.address() as AddressInfo).port)
