import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { intentsKind } from '../../actors/kinds/intents/intents-kind.ts'
import { loadCatalogue } from '../../actors/kinds/interest/catalogue.ts'
import { sourceKind } from '../../actors/kinds/source/kind.ts'
import { openConversations } from '../../pipeline/ingest/conversations/conversation-file.ts'
import { importConversations } from '../../pipeline/ingest/conversations/import-conversations.ts'
import { lastRecord } from '../../pipeline/jetstream/last-record.ts'
import { createSender } from '../../pipeline/producer/input-sender.ts'
import { messageOf } from '../../schemas/errors.ts'
import { INTENTS_KIND } from '../../schemas/intent-events.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Running } from '../app/launch.ts'
import { uploadArticles } from './demo-articles.ts'
import { chatCues } from './demo-chats.ts'
import { customerCues, translationCues } from './demo-customers.ts'
import { playDesk } from './demo-desk.ts'
import { playDocuments } from './demo-documents.ts'
import { teachDemoIntents } from './demo-intents.ts'
import { itemCues } from './demo-items.ts'
import { postCues } from './demo-posts.ts'
import { questionCues } from './demo-questions.ts'
import { reminderCues } from './demo-reminders.ts'
import { textCues } from './demo-texts.ts'
import { triggerCues } from './demo-triggers.ts'
import { visitorCues } from './demo-visitors.ts'
import { playScript } from './play-script.ts'

const FILE = fileURLToPath(new URL('conversations.jsonl', import.meta.url))
const TENANT = 'demo'
const REPLY_WAIT_MS = 5_000
/** Conversations in progress at a time: enough for a busy picture, and few enough to follow. */
const CONVERSATIONS_MAX = 4
const TURNS_PER_SECOND = 6

/** The demo, which runs in the background. */
export interface Demo {
  /** Its state in a few words. */
  progress(): string
  /** Resolves when the demo has ended or failed. Never rejects. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Plays a producer for the built-in kinds, over a connection of its own. It sends knowledge articles, examples of intents, the users' turns
 * of the bundled conversations, open dialogues, questions that stand alone, bookings of appointments, items of a shop and signals of its
 * visitors, readings of machines with triggers, templates with their documents, briefs of texts with strategies that learn, customers who
 * come again, a conversation of two languages, posts, and what the people of a desk do. It skips kinds that this process does not have. It
 * plays nothing if the tenant `demo` has records of an earlier play.
 */
export function startDemo(running: Running, log: Logger): Demo {
  const stopping = new AbortController()
  let progress = 'starting'
  const play = async (): Promise<void> => {
    if (await hasPlayed(running)) {
      progress = 'already played'
      log.info('the demo was already played; the tenant "demo" has records')
      return
    }
    await using started = new AsyncDisposableStack()
    const nc = await connect(running.nats.connection)
    started.defer(() => nc.close())
    const failing = new AbortController()
    const signal = AbortSignal.any([stopping.signal, failing.signal])
    const sender = createSender(nc, { signal })
    started.defer(sender.close)
    const parts: Record<string, () => Promise<void>> = {
      support: async () => {
        if (running.kinds.get(SOURCE_KIND) === sourceKind) {
          progress = 'learning the articles'
          await uploadArticles(running, nc, sender, TENANT, signal)
        }
        if (running.kinds.get(INTENTS_KIND) === intentsKind) {
          progress = 'learning the intents'
          await teachDemoIntents(running, sender, TENANT, log, signal)
        }
        const { pieces } = await openConversations(FILE)
        const { conversations, turns, reactions } = await importConversations(pieces, {
          nc,
          jetstream: running.jetstream,
          kv: running.kv,
          tenant: TENANT,
          kind: 'support',
          name: 'the conversations of the demo',
          mode: 'live',
          replyWaitMs: REPLY_WAIT_MS,
          conversationsMax: CONVERSATIONS_MAX,
          rate: TURNS_PER_SECOND,
          signal,
          onProgress: (summary) => {
            progress = `${summary.conversations} conversations done`
          },
        })
        log.info({ conversations, turns, ...reactions }, 'all demo conversations are played')
      },
      chat: () => playScript(chatCues(TENANT), sender, signal),
      question: () => playScript(questionCues(TENANT), sender, signal),
      reminder: () => playScript(reminderCues(TENANT, Date.now()), sender, signal),
      item: () => playScript(itemCues(TENANT, loadCatalogue()), sender, signal),
      interest: () => playScript(visitorCues(TENANT, loadCatalogue()), sender, signal),
      trigger: () => playScript(triggerCues(TENANT), sender, signal),
      document: () => playDocuments(running.jetstream, sender, TENANT, signal),
      writer: () => playScript(textCues(TENANT), sender, signal),
      desk: () => playDesk(nc, sender, TENANT, signal),
      profile: () => playScript(customerCues(TENANT), sender, signal),
      translation: () => playScript(translationCues(TENANT), sender, signal),
      post: () => playScript(postCues(TENANT), sender, signal),
    }
    const played = Object.entries(parts).filter(([kind]) => running.kinds.has(kind))
    const fail = (error: unknown): never => {
      failing.abort(error)
      throw error
    }
    await Promise.allSettled(played.map(([, part]) => part().catch(fail)))
    signal.throwIfAborted()
    progress = played.length === 0 ? 'skipped: this process has none of its kinds' : 'done'
    log.info({ kinds: played.map(([kind]) => kind) }, 'the demo is done')
  }
  const ended = play().catch((error: unknown) => {
    if (stopping.signal.aborted) return
    progress = `failed: ${messageOf(error)}`
    log.error({ err: error }, 'the demo failed')
  })
  return {
    progress: () => progress,
    ended,
    stop() {
      stopping.abort()
      return ended
    },
  }
}

/** What the demo plays first of each kind that an installation of one's own may have, and what its past does not have. */
const PLAYED = [
  'source.*',
  'reminder.*',
  'interest.visitor-1',
  'trigger.pump-alarm',
  'document.sales-contract-en-1',
  'writer.news-1',
  'post.x-1',
  'support.demo-en-01',
]

async function hasPlayed({ jetstream }: Running): Promise<boolean> {
  const last = await Promise.all(PLAYED.map((actors) => lastRecord(jetstream, `log.*.${TENANT}.${actors}`)))
  return last.some((record) => record !== undefined)
}
