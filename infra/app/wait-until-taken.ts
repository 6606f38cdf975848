import { setTimeout as delay } from 'node:timers/promises'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { newestSourced, SOURCED_STREAMS, sourcedAt, type SourcedMessage, type SourcedStream } from '../../pipeline/jetstream/sourcing.ts'
import { nextOf, streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type StreamName, taskSubjectsOfTenant } from '../../schemas/subjects.ts'
import type { Role, Settings } from '../settings.ts'
import { withJetStream } from './connect-to-running.ts'
import { createLagReport } from './lag-report.ts'
import { readProgress, type StageReport } from './system-status.ts'

const POLL_MS = 100
/** From an input to its task, from the result to another actor, and from its task to the last record. */
const STEPS = 3
const READERS: readonly Role[] = ['dispatch', 'project', 'embed', 'judge']

export interface WaitUntilTakenOptions {
  /** Whose tasks are waited for. */
  readonly tenant: string
  readonly timeoutMs: number
  /** Called every few seconds with the stages that are waited for, how far they are, and how fast. */
  readonly onWait: (text: string) => void
}

/**
 * Waits until all stages have taken what INBOX has now, with the tasks of the tenant and the messages between actors that follow from it,
 * three steps far. What arrives meanwhile, the tasks of other tenants and the calls of hooks are not waited for.
 *
 * @throws ColloquyError `not_level` after the timeout, naming what lags
 */
export const waitUntilTaken = (settings: Settings, { tenant, timeoutMs, onWait }: WaitUntilTakenOptions): Promise<void> =>
  withJetStream(settings, async (jetstream) => {
    const report = createLagReport(onWait)
    const endsAtMs = performance.now() + timeoutMs
    /** @param find says what lags; `undefined` where nothing does */
    const until = async (find: () => Promise<string | undefined>): Promise<void> => {
      for (;;) {
        const lagging = await find()
        if (lagging === undefined) return
        if (performance.now() > endsAtMs) throw tooLate(timeoutMs, lagging)
        await delay(POLL_MS)
      }
    }
    const behind = async (roles: readonly Role[], seq: number): Promise<string | undefined> => {
      const { stages } = (await readProgress(jetstream, settings)).status
      report(stages)
      const found = roles.flatMap((role): [Role, StageReport][] => {
        const stage = stages[role]
        return stage === undefined || stage.lag === 0 || stage.position >= seq ? [] : [[role, stage]]
      })
      const text = found.map(([role, { position, detail }]) => `${role} is at ${position} of ${seq} (${detail})`).join(', ')
      return text === '' ? undefined : text
    }
    for (let step = 0; step < STEPS; step += 1) {
      const inbox = await endOf(jetstream, 'INBOX')
      await until(() => behind(['host'], inbox))
      const log = await endOf(jetstream, 'LOG')
      await until(() => behind(READERS, log))
      const tasks = await endOf(jetstream, 'TASKS')
      await until(async () => ((await hasTask(jetstream, tenant, tasks)) ? `tasks of the tenant ${tenant} run` : undefined))
      const sent = await Promise.all(SOURCED_STREAMS.map(async (from) => ({ from, newest: await newestSourced(jetstream, from) })))
      for (const one of sent) {
        await until(async () => ((await isSourced(jetstream, one)) ? undefined : `INBOX has not taken over all of ${one.from.stream}`))
      }
    }
  })

const endOf = async ({ jsm }: JetStreamContext, stream: StreamName): Promise<number> => (await streamInfo(jsm, stream)).state.last_seq

/** Whether TASKS has a task of the tenant up to a sequence. A task stays there until its outcome is stored. */
async function hasTask({ jsm }: JetStreamContext, tenant: string, seq: number): Promise<boolean> {
  const first = await nextOf(jsm, 'TASKS', 1, taskSubjectsOfTenant(tenant))
  return first !== null && first.seq <= seq
}

/** Whether INBOX has taken over a message of another stream. What is decided is removed from both. */
async function isSourced(
  jetstream: JetStreamContext,
  { from, newest }: { readonly from: SourcedStream; readonly newest: SourcedMessage | undefined },
): Promise<boolean> {
  if (newest === undefined || (await sourcedAt(jetstream, from, newest)) !== undefined) return true
  const now = await newestSourced(jetstream, from)
  return now === undefined || (now.seq > newest.seq && (await sourcedAt(jetstream, from, now)) !== undefined)
}

const tooLate = (timeoutMs: number, what: string): ColloquyError =>
  new ColloquyError(
    'not_level',
    `not caught up after ${timeoutMs} ms: ${what}. Wait longer with --timeout-ms, or start more of the roles that are behind`,
  )
