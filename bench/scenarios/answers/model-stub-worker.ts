import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

export interface ModelStubData {
  /** Milliseconds from a request to its answer. */
  readonly ms: number
  /**
   * Standard deviation of the logarithm of the time, as of answers of different lengths: the first piece comes as early as ever. Default 0:
   * each answer takes `ms`, and comes in one piece.
   */
  readonly sigma?: number
  /** Each n-th request fails with 500; 0: none. */
  readonly failsEvery: number
  /** Milliseconds between the pieces of an answer; without it the answer comes in one piece. */
  readonly pieceMs?: number
}

/** When the stub wrote the first piece of an answer, and the one with the end of its first sentence; milliseconds since 1970. */
export interface StubbedAnswer {
  /** The last message that it was asked. */
  readonly question: string
  readonly firstAtMs: number
  readonly sentenceAtMs: number
}

/** A language model that takes a fixed time, behind OpenAI's chat completions API. Its first message is its port. */
const { ms, sigma = 0, failsEvery, pieceMs } = workerData as ModelStubData

const chunk = (rest: object): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'stub', ...rest })}\n\n`
/** The second piece shows that the first sentence is over. */
const PIECES = ['It takes two', ' days. We ship', ' each day', ' of the week.']
const wallMs = (): number => performance.timeOrigin + performance.now()

async function writeSlowly(response: ServerResponse, body: string, everyMs: number): Promise<void> {
  const { messages } = JSON.parse(body) as { messages: { content: string }[] }
  const times: number[] = []
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const content of PIECES) {
    if (times.length > 0) await delay(everyMs)
    times.push(wallMs())
    response.write(chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }))
  }
  response.end(ENDING)
  const [firstAtMs = NaN, sentenceAtMs = NaN] = times
  parentPort?.postMessage({ question: messages.at(-1)?.content ?? '', firstAtMs, sentenceAtMs } satisfies StubbedAnswer)
}

/** Of the median time, until the first piece of an answer whose length varies. */
const FIRST_SHARE = 0.2

async function writeInTwo(response: ServerResponse, answer: string): Promise<void> {
  response
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write(chunk({ choices: [{ index: 0, delta: { content: ' ' }, finish_reason: null }] }))
  await delay(Math.max(0, ms * (Math.exp(sigma * normal()) - FIRST_SHARE)))
  response.end(answer)
}

const ENDING = [
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage: { prompt_tokens: 100, completion_tokens: 5, total_tokens: 105 } }),
  'data: [DONE]\n\n',
].join('')
const streamOf = (content: string): string => `${chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}${ENDING}`
/** Sentences of the passage about delivery in Europe. */
const ANSWERS = {
  en: streamOf('Within the European Union, say to Germany, standard delivery takes 2 to 4 working days and costs €4.90 [1].'),
  zh: streamOf('欧盟境内（德国、法国、比利时等）标准配送 2 到 4 个工作日，运费 4.90 欧元[1]。'),
}

/** A number of the standard normal distribution, by Box and Muller. */
const normal = (): number => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())

let count = 0
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (part: Buffer) => chunks.push(part))
  const isFailing = failsEvery > 0 && ++count % failsEvery === 0
  void delay(sigma === 0 ? ms : ms * FIRST_SHARE).then(() => {
    const body = Buffer.concat(chunks).toString()
    if (isFailing) response.writeHead(500).end('{"error":{"message":"stub"}}')
    else if (sigma > 0) void writeInTwo(response, body.includes('客户') ? ANSWERS.zh : ANSWERS.en)
    else if (pieceMs !== undefined) void writeSlowly(response, body, pieceMs)
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body.includes('客户') ? ANSWERS.zh : ANSWERS.en)
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
parentPort?.postMessage((server.address() as AddressInfo).port)
