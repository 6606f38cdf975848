import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createModelPool } from '../../../pipeline/models/model-pool.ts'
import { modelsFileSchema, type ProviderName } from '../../../schemas/models-file.ts'
import { generationWith } from '../../support/generation-setup.ts'

interface Asked {
  readonly url: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
}
let asked: Asked[]
let server: Server
/** What the endpoint streams. */
let answer: string
beforeEach(async () => {
  asked = []
  server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ url: request.url ?? '', headers: request.headers, body: JSON.parse(body) as Asked['body'] })
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(answer)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const data = (...values: object[]): string => values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')
const named = (...values: { type: string }[]): string =>
  values.map((value) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`).join('')

/** How each provider streams a text with 12 tokens read and 3 written. */
const STREAMS: Readonly<Record<ProviderName, (content: string) => string>> = {
  'openai-compatible': openAi,
  openai: openAi,
  anthropic: (content) =>
    named(
      {
        type: 'message_start',
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'claude-x',
          content: [],
          usage: { input_tokens: 12, output_tokens: 1 },
        },
      } as never,
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } } as never,
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: content } } as never,
      { type: 'content_block_stop', index: 0 } as never,
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } } as never,
      { type: 'message_stop' },
    ),
  google: (content) =>
    data({
      candidates: [{ index: 0, finishReason: 'STOP', content: { role: 'model', parts: [{ text: content }] } }],
      usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 3, totalTokenCount: 15 },
    }),
}
function openAi(content: string): string {
  const chunk = (choice: object | undefined, rest: object = {}) => ({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: choice === undefined ? [] : [{ index: 0, ...choice }],
    ...rest,
  })
  const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 }
  const chunks = [
    chunk({ delta: { content }, finish_reason: null }),
    chunk({ delta: {}, finish_reason: 'stop' }),
    chunk(undefined, { usage }),
  ]
  return `${data(...chunks)}data: [DONE]\n\n`
}

function askOf(provider: ProviderName) {
  const { port } = server.address() as AddressInfo
  const [entry] = modelsFileSchema.parse([
    {
      name: 'one',
      tier: 'small',
      provider,
      apiKeyEnv: 'KEY',
      model: 'm-1',
      baseUrl: `http://127.0.0.1:${port}/base`,
      priceIn: 1,
      priceOut: 1,
    },
  ])
  if (entry === undefined) throw new Error('no entry')
  const pools = [createModelPool({ entry, apiKey: 'secret-key', unusable: undefined }, () => 0)]
  const { generate } = generationWith(() => pools)
  const messages = [
    { role: 'system', content: 'Be kind.' },
    { role: 'user', content: '几点开门？' },
  ] as const
  return { text: () => generate('acme', { messages }, signal), structure: () => generate('acme', { messages, schema }, signal) }
}
const { signal } = new AbortController()
const schema = z.object({ open: z.int() })

test.each(['openai-compatible', 'openai', 'anthropic', 'google'] as const)(
  '%s streams a text and a structure, and tells its tokens',
  async (provider) => {
    const warn = vi.spyOn(console, 'warn')
    answer = STREAMS[provider]('九点。')
    expect(await askOf(provider).text()).toMatchObject({ text: '九点。', tokensIn: 12, tokensOut: 3, cost: 0.000015, attempts: [] })
    answer = STREAMS[provider]('{"open":9}')
    expect(await askOf(provider).structure()).toMatchObject({ object: { open: 9 } })
    expect(JSON.stringify(asked[0]?.headers)).toContain('secret-key')
    expect(asked[0]?.url).toContain('/base/')
    expect(JSON.stringify(asked[0]?.body)).toContain('Be kind.')
    expect(warn).not.toHaveBeenCalled()
  },
)
