import type { Logger } from 'pino'
import { codeOf } from '../../schemas/errors.ts'
import { RECORD_FORM, type RecordForm } from '../../schemas/record-form.ts'
import { rateLimitedWarn } from '../runtime/rate-limited-warn.ts'
import type { Membership } from './membership.ts'

export interface RecordFormOptions {
  readonly membership: Pick<Membership, 'recordForm' | 'onView'>
  /** Keeps processes that cannot read the newest form from starting, from now on. Returns whether it was so before. */
  readonly refuseOlder: () => Promise<boolean>
  readonly isLogEmpty: () => Promise<boolean>
  /** Within this time a process that has started before is a member, or has failed. */
  readonly settleMs: number
  readonly log: Logger
}

/** The form in which the hosts of this process write records. */
export interface RecordFormChoice {
  /** Settles once a host may start. */
  ready(): Promise<void>
  current(): RecordForm
}

/**
 * Chooses the newest form as long as every member of the cluster reads it, and form 1 otherwise. A process of an earlier release would take
 * a record of form 2 for a message that is no record, and continue its actor from an earlier one. So before the first record of form 2,
 * such processes are kept from starting, and those that are just starting get the time to join: while one of them is a member, form 1 is
 * written.
 */
export function chooseRecordForm({ membership, refuseOlder, isLogEmpty, settleMs, log }: RecordFormOptions): RecordFormChoice {
  /** `performance.now()` from which on the newest form may be written. */
  let readyAtMs: number | undefined
  let preparing: Promise<void> | undefined

  const prepare = async (): Promise<void> => {
    const isEmpty = await isLogEmpty()
    const wasRefused = await refuseOlder()
    readyAtMs = performance.now() + (wasRefused || isEmpty ? 0 : settleMs)
    if (!wasRefused) log.info({ form: RECORD_FORM }, 'all members read records of this form; processes that do not are refused from now on')
  }
  const prepareOnce = (): Promise<void> => {
    if (readyAtMs !== undefined || membership.recordForm() < RECORD_FORM) return Promise.resolve()
    return (preparing ??= prepare().finally(() => {
      preparing = undefined
    }))
  }
  membership.onView(() =>
    // The next view tries again; until then form 1 is written.
    prepareOnce().catch((error: unknown) =>
      rateLimitedWarn(log, { code: codeOf(error), err: error }, 'could not refuse processes with older code; writing records of form 1'),
    ),
  )
  return {
    ready: prepareOnce,
    current: () => (readyAtMs !== undefined && membership.recordForm() >= RECORD_FORM && performance.now() >= readyAtMs ? RECORD_FORM : 1),
  }
}
