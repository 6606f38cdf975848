import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { SettingName } from '../../infra/settings.ts'
import type { CachedFrom } from '../../schemas/cached-from.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from './model-endpoint.ts'
import { publishAll } from './system-assertions.ts'
import { startSystem, type System } from './test-system.ts'

/** A reply of `support`, as OUT has it. */
export interface SentReply {
  readonly actor: string
  readonly text: string
  readonly replyTo: string
  readonly model?: string
  readonly cost?: number
  readonly cachedFrom?: CachedFrom
}

/** Questions to `support`, whose model says what the passage says. */
export interface AnsweringSystem {
  readonly system: System
  readonly endpoint: ModelEndpoint
  /** By the id of the question. */
  readonly replies: ReadonlyMap<string, SentReply>
  /** Teaches the only passage of a source. @returns after the decision */
  teach(source: string, text: string, tenant?: string): Promise<void>
  /** Changes the setting COMPANY, which is a part of the prompt. */
  setCompany(company: string, tenant?: string): Promise<void>
  /** Asks. @param actor default: a new conversation. @returns the id of the question */
  ask(text: string, tenant?: string, actor?: string): Promise<string>
  /** Asks, and waits for the reply. */
  answerTo(text: string, tenant?: string, actor?: string): Promise<SentReply>
  stop(): Promise<void>
}

const REPLY_MS_MAX = 60_000
const POLL_MS = 20

/** A passage about the price of shipping to Norway. */
export const priceIn = (lang: 'en' | 'zh', price: number): string =>
  lang === 'en' ? `# Shipping to Norway\n\nShipping to Norway costs ${price} euros.` : `# 寄到挪威\n\n寄到挪威的运费是${price}欧元。`
const PRICE = /Shipping to Norway costs \d+ euros|寄到挪威的运费是\d+欧元/u

/** The settings of a model at an endpoint, and of a gate that passes all. */
export const modelSettings = (url: string) =>
  ({ LLM_BASE_URL: url, LLM_MODEL: 'tiny', REPLY_BUDGET_MS: '60000', QUALITY_MIN: '0', QUOTATION_MIN: '0' }) as const

/** Makes an endpoint answer with the first price in its prompt. */
export function answerWithPrice(endpoint: ModelEndpoint): void {
  endpoint.react((response, request) => {
    const prompt =
      endpoint.asked
        .at(-1)
        ?.body.messages.map(({ content }) => content)
        .join('\n') ?? ''
    const [price] = PRICE.exec(prompt) ?? []
    return completion(price === undefined ? 'I do not know [1].' : `${price} [1].`)(response, request)
  })
}

let asked = 0

/** @param log default: silent */
export async function startAnsweringSystem(settings: Partial<Record<SettingName, string>> = {}, log?: Logger): Promise<AnsweringSystem> {
  await using started = new AsyncDisposableStack()
  const endpoint = started.adopt(await startModelEndpoint(), (own) => own.stop())
  answerWithPrice(endpoint)
  const system = started.adopt(
    await startSystem({ settings: { ...modelSettings(endpoint.url), ...settings }, ...(log && { log }) }),
    (own) => own.stop(),
  )
  const replies = new Map<string, SentReply>()
  const waiting = new Map<string, (reply: SentReply) => void>()
  system.producer.subscribe('out.*.support.*.message.sent', {
    callback(_, message) {
      const { data } = message.json<{ data: Omit<SentReply, 'actor'> }>()
      const reply = { ...data, actor: message.subject.split('.')[3] ?? '' }
      replies.set(data.replyTo, reply)
      waiting.get(data.replyTo)?.(reply)
    },
  })
  await system.producer.flush()
  const ask = async (text: string, tenant = 'acme', actor = `c-${asked + 1}`): Promise<string> => {
    const id = `q-${++asked}`
    await publishAll(system, [
      { subject: `in.${tenant}.support.${actor}`, body: { type: 'message.received', id, data: { role: 'user', text } } },
    ])
    return id
  }
  const stopping = started.move()
  return {
    system,
    endpoint,
    replies,
    ask,
    async teach(source, text, tenant = 'acme') {
      const revision = `r-${++asked}`
      const { running } = system
      await publishAll(system, [
        { subject: `in.${tenant}.source.${source}`, body: { type: 'source.taught', data: { source, revision, chunks: [text] } } },
      ])
      await untilDecided(running.jetstream.jsm, `log.*.${tenant}.source.${source}`, revision)
    },
    async setCompany(company, tenant = 'acme') {
      const data = { key: 'COMPANY', value: company }
      await publishAll(system, [{ subject: `in.${tenant}.tenant.${tenant}`, body: { type: 'tenant.set', data } }])
      await untilDecided(system.running.jetstream.jsm, `log.*.${tenant}.tenant.${tenant}`, company)
    },
    async answerTo(text, tenant, actor) {
      const id = await ask(text, tenant, actor)
      const { promise, resolve, reject } = Promise.withResolvers<SentReply>()
      waiting.set(id, resolve)
      const known = replies.get(id)
      if (known !== undefined) resolve(known)
      const late = setTimeout(() => reject(new Error(`no reply to ${id} "${text}"`)), REPLY_MS_MAX)
      return promise.finally(() => clearTimeout(late))
    },
    stop: () => stopping.disposeAsync(),
  }
}

type Jsm = System['running']['jetstream']['jsm']

async function untilDecided(jsm: Jsm, subject: string, words: string): Promise<void> {
  for (const until = Date.now() + REPLY_MS_MAX; Date.now() < until; await delay(POLL_MS)) {
    const last = await jsm.streams.getMessage('LOG', { last_by_subj: subject })
    if (last !== null && last.string().includes(words)) return
  }
  throw new Error(`${subject} was not decided`)
}
