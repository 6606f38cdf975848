import { z } from 'zod'
import type { History, LoggedRecord } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'
import { runEndedBy } from './follow-actors.ts'

/** Checks that every task and every timer has exactly one end. */
export interface Runs {
  /** Tasks by run, with their status. */
  readonly tasks: ReadonlyMap<string, Task>
  take(entry: LoggedRecord): void
  /** Must be called after the last record. */
  finish(history: Pick<History, 'wakeUps' | 'tasksWaiting' | 'readAtMs'>): void
}

export interface Task {
  readonly actor: string
  readonly name: string
  readonly deadlineMs: number
  /** The expected result of a task of the chaos kind. */
  readonly value: number | undefined
  readonly hangs: boolean
  status: string
}
interface Timer {
  readonly actor: string
  readonly atMs: number
  end: 'fired' | 'stopped' | undefined
}

/** A timer or deadline may be this late after all stages have caught up, because schedules have a resolution of one second. */
const GRACE_MS = 2_000

const inputSchema = z.object({ key: z.number(), mode: z.string() })
const outputSchema = z.object({ value: z.number() })

export function followRuns(report: ReportFinding): Runs {
  const tasks = new Map<string, Task>()
  const timers = new Map<string, Timer>()

  const startRuns = ({ seq, actor, record }: LoggedRecord): void => {
    for (const { run, task, input, deadlineAt } of record.started) {
      if (tasks.has(run) || timers.has(run)) report('id_reused', `LOG ${seq} starts ${run} again`)
      const own = actor.split('/')[1] === 'chaos' ? inputSchema.parse(input) : undefined
      tasks.set(run, {
        actor,
        name: task,
        deadlineMs: Date.parse(deadlineAt),
        value: own && own.key * 2 + 1,
        hangs: own?.mode === 'hangs',
        status: 'running',
      })
    }
    for (const { run, at } of record.timers) {
      if (tasks.has(run) || timers.has(run)) report('id_reused', `LOG ${seq} sets ${run} again`)
      timers.set(run, { actor, atMs: Date.parse(at), end: undefined })
    }
  }
  const endRuns = ({ seq, actor, record }: LoggedRecord): void => {
    for (const { run, status } of record.ended) {
      const task = tasks.get(run)
      if (task?.actor !== actor) report('task', `LOG ${seq} ends ${run} (${status}), which ${actor} did not start`)
      else if (task.status !== 'running') {
        report('task', `LOG ${seq} ends ${run} of ${actor} (${status}), which had already ended (${task.status})`)
      } else {
        task.status = status
        if (status === 'expired' && task.name === 'longJob') {
          report('task', `LOG ${seq}: ${run} of ${actor} expired; the task was lost with its runner, or never ran`)
        }
      }
    }
    for (const run of record.stopped) {
      const timer = timers.get(run)
      if (timer === undefined) continue
      if (timer.end !== undefined) report('timer', `LOG ${seq} stops ${run} of ${actor}, which had already ${timer.end}`)
      timer.end = 'stopped'
    }
  }
  const fire = ({ seq, actor, record }: LoggedRecord, run: string): void => {
    const timer = timers.get(run)
    if (timer?.actor !== actor) return report('timer', `LOG ${seq}: ${run} fires at ${actor}, which did not set it`)
    if (timer.end !== undefined) report('timer', `LOG ${seq}: ${run} fires at ${actor}, but had already ${timer.end}`)
    const earlyMs = timer.atMs - Date.parse(record.inbox.ts)
    if (earlyMs > 0) report('timer', `LOG ${seq}: ${run} of ${actor} fires ${earlyMs} ms too early`)
    timer.end = 'fired'
  }

  return {
    tasks,
    take(entry) {
      const { seq, record } = entry
      const run = runEndedBy(record)
      if (run !== undefined && record.input.type === 'timer.fired') fire(entry, run)
      if (run !== undefined && record.input.type === 'task.done') {
        const wanted = tasks.get(run)?.value
        const value = wanted === undefined ? undefined : outputSchema.parse(record.input.data?.['output']).value
        if (value !== wanted) report('task', `LOG ${seq}: ${run} returned ${value}; expected ${wanted}`)
        if (tasks.get(run)?.hangs === true) report('task', `LOG ${seq}: ${run} is done, although it takes longer than its deadline`)
      }
      endRuns(entry)
      startRuns(entry)
    },
    finish({ wakeUps, tasksWaiting, readAtMs }) {
      const isPending = (atMs: number): boolean => atMs + GRACE_MS > readAtMs
      let [running, inTime] = [0, 0]
      for (const [run, { actor, status, deadlineMs }] of tasks) {
        if (status !== 'running') continue
        running += 1
        if (deadlineMs > readAtMs) inTime += 1
        if (!isPending(deadlineMs)) report('task', `${run} of ${actor} has no outcome after its deadline`)
      }
      // A task leaves TASKS with its outcome or at its deadline.
      if (tasksWaiting < inTime) {
        report('task', `TASKS holds ${tasksWaiting} messages for ${inTime} tasks before their deadline: some were lost with their runners`)
      }
      if (tasksWaiting > running) report('task', `TASKS holds ${tasksWaiting} messages, but only ${running} tasks have no outcome`)
      for (const [run, { actor, end: ended, atMs }] of timers) {
        if (ended !== undefined) continue
        if (!isPending(atMs)) report('timer', `${run} of ${actor} was due ${readAtMs - atMs} ms ago and did not fire`)
        else if (atMs > readAtMs && !((wakeUps.get(actor) ?? Infinity) <= atMs)) {
          report('timer', `${run} of ${actor} is pending, but TIMERS has no wake-up in time for it`)
        }
      }
    },
  }
}
