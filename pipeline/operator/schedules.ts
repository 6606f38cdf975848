import pLimit from 'p-limit'
import { type Schedule, SCHEDULE_KIND, scheduleContextSchema } from '../../actors/kinds/schedule/kind.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import type { Address } from '../../schemas/subjects.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { actorsOfKind, lastRecord, recordsOf } from '../jetstream/last-record.ts'

/** A schedule that is set. */
export interface SetSchedule {
  readonly name: string
  readonly schedule: Schedule
  /** The due time that comes next, ISO. */
  readonly due: string | null
  readonly sent: number
  readonly skipped: number
}

/** Schedules that a tenant may have at a time. `colloquy schedule add` counts them. */
export const SCHEDULES_MAX = 1_000
const REQUESTS_MAX = 16

type Reads = Pick<JetStreamContext, 'jsm'>

/** The actor that is a schedule. */
export const scheduleAddress = (tenant: string, name: string): Address => ({ tenant, kind: SCHEDULE_KIND, id: name })

/**
 * Reads a schedule; undefined where there is none of that name.
 *
 * @throws ColloquyError `no_schedules` if the actor is of another kind
 */
export async function readSchedule({ jsm }: Reads, tenant: string, name: string): Promise<SetSchedule | undefined> {
  const state = (await lastRecord({ jsm }, recordsOf(scheduleAddress(tenant, name))))?.record.state
  if (state === undefined || state === null) return undefined
  const context = scheduleContextSchema.safeParse(state.context)
  if (!context.success) {
    throw new ColloquyError(
      'no_schedules',
      `the kind "${SCHEDULE_KIND}" of this system is not Colloquy's own; schedules need one that has this name`,
    )
  }
  const { schedule, ...rest } = context.data
  return schedule === null ? undefined : { name, schedule, ...rest }
}

/** All schedules of a tenant, by name. @throws ColloquyError `no_schedules` as `readSchedule` */
export async function readSchedules({ jsm }: Reads, tenant: string): Promise<SetSchedule[]> {
  const limit = pLimit(REQUESTS_MAX)
  const actors = await actorsOfKind({ jsm }, SCHEDULE_KIND, tenant)
  const all = await Promise.all(actors.map(({ id }) => limit(() => readSchedule({ jsm }, tenant, id))))
  return all.filter((schedule) => schedule !== undefined)
}
