import { z } from 'zod'
import { isAbout } from './follow-actors.ts'
import type { Find } from './findings.ts'
import type { History, LoggedRecord } from './chaos-history.ts'

/** Tasks and timers, from being started to their one end. */
export interface Runs {
  /** Tasks by run, with how they came out. */
  readonly tasks: ReadonlyMap<string, Task>
  take(entry: LoggedRecord): void
  /** After the last record. */
  finish(history: Pick<History, 'wakeUps' | 'tasksWaiting' | 'readAtMs'>): void
}

export interface Task {
  readonly actor: string
  readonly name: string
  readonly deadlineMs: number
  /** What its result has to be. */
  readonly value: number
  readonly hangs: boolean
  status: string
}
interface Timer {
  readonly actor: string
  readonly atMs: number
  end: 'fired' | 'stopped' | undefined
}

/** How late a timer or a deadline may be known once everything is level: the servers' seconds, and a little. */
const GRACE_MS = 2_000

const inputSchema = z.object({ key: z.number(), mode: z.string() })
const outputSchema = z.object({ value: z.number() })

export function followRuns(find: Find): Runs {
  const tasks = new Map<string, Task>()
  const timers = new Map<string, Timer>()

  const begin = ({ seq, actor, record }: LoggedRecord): void => {
    for (const { run, task, input, deadlineAt } of record.started) {
      if (tasks.has(run) || timers.has(run)) find('id_reused', `LOG ${seq} starts ${run} again`)
      const { key, mode } = inputSchema.parse(input)
      tasks.set(run, { actor, name: task, deadlineMs: Date.parse(deadlineAt), value: key * 2 + 1, hangs: mode === 'hangs', status: 'running' })
    }
    for (const { run, at } of record.timers) {
      if (tasks.has(run) || timers.has(run)) find('id_reused', `LOG ${seq} sets ${run} again`)
      timers.set(run, { actor, atMs: Date.parse(at), end: undefined })
    }
  }
  const end = ({ seq, actor, record }: LoggedRecord): void => {
    for (const { run, status } of record.ended) {
      const task = tasks.get(run)
      if (task?.actor !== actor) find('task', `LOG ${seq} ends ${run} (${status}), which ${actor} did not start`)
      else if (task.status !== 'running') find('task', `LOG ${seq} ends ${run} of ${actor} (${status}), which had ended (${task.status})`)
      else {
        task.status = status
        if (status === 'expired' && task.name === 'labour') find('task', `LOG ${seq}: ${run} of ${actor} expired; it was lost with a runner, or never run`)
      }
    }
    for (const run of record.stopped) {
      const timer = timers.get(run)
      if (timer === undefined) continue
      if (timer.end !== undefined) find('timer', `LOG ${seq} stops ${run} of ${actor}, which had ${timer.end}`)
      timer.end = 'stopped'
    }
  }
  const fire = ({ seq, actor, record }: LoggedRecord, run: string): void => {
    const timer = timers.get(run)
    if (timer?.actor !== actor) return find('timer', `LOG ${seq}: ${run} fires at ${actor}, which did not set it`)
    if (timer.end !== undefined) find('timer', `LOG ${seq}: ${run} fires at ${actor}, and had ${timer.end}`)
    if (Date.parse(record.inbox.ts) < timer.atMs) find('timer', `LOG ${seq}: ${run} of ${actor} fires ${timer.atMs - Date.parse(record.inbox.ts)} ms too early`)
    timer.end = 'fired'
  }

  return {
    tasks,
    take(entry) {
      const { seq, record } = entry
      const run = isAbout(record)
      if (run !== undefined && record.input.type === 'timer.fired') fire(entry, run)
      if (run !== undefined && record.input.type === 'task.done') {
        const { value } = outputSchema.parse(record.input.data?.['output'])
        const wanted = tasks.get(run)?.value
        if (value !== wanted) find('task', `LOG ${seq}: ${run} gives ${value}, and not ${wanted}`)
        if (tasks.get(run)?.hangs === true) find('task', `LOG ${seq}: ${run} is done, which takes longer than its deadline`)
      }
      end(entry)
      begin(entry)
    },
    finish({ wakeUps, tasksWaiting, readAtMs }) {
      const isPending = (atMs: number): boolean => atMs + GRACE_MS > readAtMs
      let [running, inTime] = [0, 0]
      for (const [run, { actor, status, deadlineMs }] of tasks) {
        if (status !== 'running') continue
        running += 1
        if (deadlineMs > readAtMs) inTime += 1
        if (!isPending(deadlineMs)) find('task', `${run} of ${actor} has no outcome, not even of its deadline`)
      }
      // A task leaves the queue with its outcome, or at its deadline.
      if (tasksWaiting < inTime) find('task', `TASKS holds ${tasksWaiting} messages, and ${inTime} tasks have no outcome, and time left: they were lost with their runners`)
      if (tasksWaiting > running) find('task', `TASKS holds ${tasksWaiting} messages, and ${running} tasks have no outcome`)
      for (const [run, { actor, end: ended, atMs }] of timers) {
        if (ended !== undefined) continue
        if (!isPending(atMs)) find('timer', `${run} of ${actor} was due ${readAtMs - atMs} ms ago and did not fire`)
        else if (atMs > readAtMs && !((wakeUps.get(actor) ?? Infinity) <= atMs)) find('timer', `${run} of ${actor} is to fire, and TIMERS has no alarm for that`)
      }
    },
  }
}
