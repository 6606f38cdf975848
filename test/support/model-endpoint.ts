import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What the endpoint does with a request. */
export type Reaction = (response: ServerResponse, request: IncomingMessage) => void | Promise<void>

export interface AskedOfModel {
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: {
    readonly model: string
    readonly stream?: boolean
    readonly stream_options?: { readonly include_usage?: boolean }
    readonly max_tokens: number
    readonly temperature: number
    readonly messages: readonly { readonly role: string; readonly content: string }[]
    readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: object } }[]
  }
}

/** An endpoint with OpenAI's chat completions API, as a model server has it. */
export interface ModelEndpoint {
  /** For `baseUrl`. */
  readonly url: string
  readonly asked: AskedOfModel[]
  /** From now on, each request is reacted to in this way. */
  react(reaction: Reaction): void
  stop(): Promise<void>
}

export async function startModelEndpoint(): Promise<ModelEndpoint> {
  const asked: AskedOfModel[] = []
  let reaction = failure(500)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as AskedOfModel['body']
      asked.push({ url: request.url, authorization: request.headers.authorization, body })
      void reaction(response, request)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    react(next) {
      reaction = next
    },
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Reaction =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
export const failure = (status: number, headers?: Record<string, string>): Reaction => json(status, { error: { message: 'no' } }, headers)

/** A whole answer that is no stream. */
export const chatAnswer = (content: string, told: object = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }): Reaction =>
  json(200, {
    id: 'c-1',
    object: 'chat.completion',
    created: 1,
    model: 'tiny',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: told,
  })

const base = { id: 'c-1', object: 'chat.completion.chunk', created: 1, model: 'tiny-2026' }
const usage = { prompt_tokens: 120, completion_tokens: 9, total_tokens: 129 }

/** Server-sent events, each with a JSON value as its data. */
export const events = (values: readonly unknown[]): string => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')

/** A piece of an answer. */
export const piece = (content: string | null, finishReason: string | null = null) => ({
  ...base,
  choices: [{ index: 0, delta: content === null ? {} : { content }, finish_reason: finishReason }],
})

const startStream = (response: ServerResponse): ServerResponse => response.writeHead(200, { 'content-type': 'text/event-stream' })

/** A whole answer: in two pieces, with its usage. @param told what the endpoint tells of its tokens; `null`: nothing */
export const completion =
  (content: string | null, finishReason = 'stop', told: object | null = usage): Reaction =>
  (response) => {
    const half = Math.ceil((content ?? '').length / 2)
    const pieces = content === null ? [] : [piece(content.slice(0, half)), piece(content.slice(half))]
    const ending = told === null ? [] : [{ ...base, choices: [], usage: told }]
    startStream(response).write(events([...pieces, piece(null, finishReason), ...ending]))
    response.end('data: [DONE]\n\n')
  }

/** An answer that calls tools. @param calls arguments as the model writes them */
export const toolCalls =
  (...calls: readonly { readonly name: string; readonly args: string }[]): Reaction =>
  (response) => {
    const made = calls.map(({ name, args }, index) => ({
      index,
      id: `call-${index}`,
      type: 'function',
      function: { name, arguments: args },
    }))
    const pieces = made.map((call) => ({ ...base, choices: [{ index: 0, delta: { tool_calls: [call] }, finish_reason: null }] }))
    startStream(response).write(events([...pieces, piece(null, 'tool_calls'), { ...base, choices: [], usage }]))
    response.end('data: [DONE]\n\n')
  }

/** The same after a time. */
export const completionAfter =
  (ms: number, content: string): Reaction =>
  async (response, request) => {
    await delay(ms)
    await completion(content)(response, request)
  }

/** The reactions in turn, the first one again after the last. */
export function inRotation(...reactions: readonly [Reaction, ...Reaction[]]): Reaction {
  let count = 0
  return (response, request) => reactions[count++ % reactions.length]?.(response, request)
}

/** The beginning of an answer, and then nothing. */
export const stallsAfter =
  (content: string): Reaction =>
  (response) => {
    startStream(response).write(events([piece(content)]))
  }

/** The beginning of an answer; then the connection breaks. */
export const breaksAfter =
  (content: string): Reaction =>
  (response) => {
    startStream(response).write(events([piece(content)]), () => response.destroy())
  }

/** Pieces without end, until the other side leaves. */
export const endless =
  (content: string, pauseMs: number): Reaction =>
  async (response) => {
    startStream(response)
    while (!response.destroyed) {
      if (!response.write(events([piece(content)]))) await Promise.race([once(response, 'drain'), once(response, 'close')])
      await delay(pauseMs)
    }
  }

/** Server-sent events as they are. */
export const stream =
  (text: string): Reaction =>
  (response) => {
    startStream(response).end(text)
  }
