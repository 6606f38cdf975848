import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { messageOf } from '../../schemas/errors.ts'
import { openLines } from '../cli/import/lines.ts'
import { importLines } from '../cli/import/run.ts'
import type { Running } from '../launch/launch.ts'

const FILE = fileURLToPath(new URL('conversations.jsonl', import.meta.url))
const TENANT = 'demo'
const KIND = 'support'
const REPLY_WAIT_MS = 5_000
/** So many at one time that it looks alive and is over soon. */
const CONVERSATIONS_MAX = 4
const TURNS_PER_SECOND = 6

/** The demo conversations, played in the background. */
export interface Demo {
  /** In a few words, for people. */
  progress(): string
  /** Settles when it is over, whatever came of it. Never rejects. */
  readonly ended: Promise<void>
  stop(): Promise<void>
}

/**
 * Plays the users' turns of the bundled conversations as any producer would, over an anonymous connection, the first time;
 * does nothing where the tenant `demo` has any record.
 */
export function startDemo(running: Running, log: Logger): Demo {
  const stopping = new AbortController()
  let progress = 'begins'
  const play = async (): Promise<void> => {
    if (await hasPlayed(running)) {
      progress = 'was played before'
      log.info('the demo was played before')
      return
    }
    const nc = await connect(producerOf(running))
    try {
      const { lines } = await openLines(FILE)
      const summary = await importLines(lines, {
        nc, tenant: TENANT, kind: KIND, mode: 'live', replyWaitMs: REPLY_WAIT_MS, conversationsMax: CONVERSATIONS_MAX,
        rate: TURNS_PER_SECOND, signal: stopping.signal,
        onProgress: ({ conversations, turns }) => { progress = `${conversations} conversations over, ${turns} turns` },
      })
      progress = `${summary.conversations} conversations played`
      log.info({ conversations: summary.conversations, turns: summary.turns, ...summary.reactions }, 'the demo is over')
    } finally {
      await nc.close()
    }
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

const hasPlayed = async ({ bus }: Running): Promise<boolean> =>
  await bus.jsm.streams.getMessage('LOG', { last_by_subj: `log.*.${TENANT}.>` }) !== null

/** Nobody in particular at our own server; with NATS_URL whoever the settings say. */
const producerOf = ({ nats }: Running) => (nats.embedded ? { servers: nats.url } : nats.connection)
