import type { JetStreamManager } from '@nats-io/jetstream'
import { textOf } from '../../pipeline/jetstream/removed.ts'
import { type HostEnds, hostEndsText, readHostEnds } from '../../pipeline/watchdog/ended-hosts.ts'
import { ERROR_CODES, type ErrorCode } from '../../schemas/error-codes.ts'
import { type Reason, REASONS } from '../../schemas/reasons.ts'
import { deadSubjects } from '../../schemas/subjects.ts'
import type { Settings } from '../settings.ts'
import { withJetStream } from './connect-to-running.ts'
import { openBucket } from './prepare-streams.ts'
import { readStatus, type SystemStatus } from './system-status.ts'

/** Something that is wrong now. */
export interface Problem {
  /** A code of docs/errors.md. */
  readonly code: ErrorCode
  /** What is wrong, with numbers and names. */
  readonly what: string
  readonly remedy: string
}

/** Above this lag a stage counts as behind: at usual loads it is a matter of milliseconds. */
const LAG_MAX = 1_000

/** Reads what is wrong in a system now; empty for a sound one. @throws ColloquyError as `readStatus` */
export const readProblems = (settings: Settings): Promise<readonly Problem[]> =>
  withJetStream(settings, async ({ jsm, nc }) => {
    const status = await readStatus(settings)
    const letters = status.dead === 0 ? new Map<Reason, number>() : await countDeadLetters(jsm)
    return problemsOf(status, letters, await readHostEnds(await openBucket(nc)))
  })

export function problemsOf(
  { stages, removed, nats }: SystemStatus,
  letters: ReadonlyMap<Reason, number>,
  hostEnds: ReadonlyMap<number, HostEnds>,
): Problem[] {
  const problem = (code: ErrorCode, what: string): Problem => ({ code, what, remedy: ERROR_CODES[code].remedy })
  const { records, first } = removed.unproven
  const named = first.map(({ seq, actor }) => `${seq} of ${actor}`).join(', ')
  return [
    ...Object.entries(stages).flatMap(([role, { ok, lag, detail }]) =>
      !ok
        ? [problem('stage_failing', `${role}: ${detail}`)]
        : lag > LAG_MAX
          ? [problem('stage_behind', `${role} is ${lag} messages behind: ${detail}`)]
          : [],
    ),
    ...(nats.protected ? [] : [problem('nats_not_protected', nats.detail)]),
    ...(removed.records === 0 ? [] : [problem('records_lost', `LOG has lost ${removed.records} records: ${textOf(removed.ranges)}`)]),
    ...(records === 0
      ? []
      : [
          problem(
            'records_unproven',
            `the tables have the rows of ${records} lost records: ${named}${records > first.length ? ', …' : ''}`,
          ),
        ]),
    ...[...hostEnds].map(([seq, ends]) => problem('host_ended', `INBOX ${seq}: ${hostEndsText(ends)}`)),
    ...[...letters].map(([reason, count]) => problem(reason, `${count} dead letter${count === 1 ? '' : 's'} with the reason ${reason}`)),
  ]
}

/** The number of messages in DEAD by reason, in the order of the reasons. */
async function countDeadLetters(jsm: JetStreamManager): Promise<Map<Reason, number>> {
  const counts = new Map<Reason, number>()
  for (const reason of REASONS) {
    const { state } = await jsm.streams.info('DEAD', { subjects_filter: deadSubjects(reason) })
    const count = Object.values(state.subjects ?? {}).reduce((sum, each) => sum + each, 0)
    if (count > 0) counts.set(reason, count)
  }
  return counts
}
