import { type ActorLogic, type AnyActorRef, type AnyEventObject, createActor, createMachine, type Snapshot } from 'xstate'
import { randomImplementations } from './random-machine.ts'

/** What an actor shows of itself, in a form in which XState's actor and ours are comparable. */
export interface Shown {
  readonly emitted: readonly unknown[]
  readonly value: unknown
  readonly context: unknown
  readonly status: string
  readonly output: unknown
  readonly tags: readonly string[]
  /** Ids of the states that each history state remembers, in order. */
  readonly history: Readonly<Record<string, readonly string[]>>
  /** Ids of the invokes that run, sorted; none once the actor has ended. */
  readonly running: readonly string[]
  /** Delayed events, in the order in which they are due; the last of those with one id, as XState's persisted form keeps it. */
  readonly pending: readonly { readonly type: string; readonly at: number }[]
}

/** XState's own actor of a machine, under a clock that the test moves. */
export interface Oracle {
  /** Has no effect on an actor that has ended. */
  send(event: AnyEventObject): void
  /** Ends the running invoke with this id. */
  end(id: string, how: { readonly output: unknown } | { readonly error: unknown }): void
  /** Moves the clock to the next delayed event and lets it come. */
  fireNext(): void
  shown(): Shown
  /** Whether a delayed event is still to come whose id a later one has: the persisted form does not have it. */
  hasReplaced(): boolean
  /** Replaces the actor by one that XState restores from the JSON of its persisted snapshot, with the delayed events still to come. */
  reload(): void
}

type JobSnapshot = Snapshot<unknown> & { readonly input: unknown }
type JobEvent = { readonly type: 'end'; readonly output?: unknown; readonly error?: unknown }

/** An invoked actor that runs until the test ends it. */
const job: ActorLogic<JobSnapshot, JobEvent, unknown> = {
  getInitialSnapshot: (_, input) => ({ status: 'active', input, output: undefined, error: undefined }),
  getPersistedSnapshot: (snapshot) => snapshot,
  transition: (snapshot, event) => {
    if (event.type !== 'end') return snapshot
    return 'error' in event
      ? { status: 'error', input: snapshot.input, output: undefined, error: event.error }
      : { status: 'done', input: snapshot.input, output: event.output, error: undefined }
  },
}

interface Timer {
  readonly atMs: number
  readonly run: () => void
  /** What XState keeps about the delayed event, to schedule it again after a reload. */
  readonly scheduled: { readonly id: string; readonly event: AnyEventObject }
}

/** The parts of XState's actor system that carry delayed events over to a restored actor. */
interface Scheduling {
  readonly scheduler: { schedule(from: AnyActorRef, to: AnyActorRef, event: AnyEventObject, delay: number, id: string): void }
  getSnapshot(): { readonly _scheduledEvents: Readonly<Record<string, Timer['scheduled']>> }
}

export function createOracle(config: object): Oracle {
  const machine = createMachine({ context: {}, ...config }, { ...randomImplementations, actors: { job } })
  const emitted: unknown[] = []
  const timers = new Map<number, Timer>()
  let [now, handles] = [0, 0]
  const clock = {
    setTimeout(run: () => void, delay: number) {
      const scheduled = scheduledOf(actor).find((one) => ![...timers.values()].some((timer) => timer.scheduled === one))
      if (scheduled === undefined) throw new Error('XState has set a timer without a delayed event')
      timers.set(++handles, { atMs: now + delay, run, scheduled })
      return handles
    },
    clearTimeout: (handle: number) => void timers.delete(handle),
  }
  const start = (snapshot?: Snapshot<unknown>) => {
    const started = createActor(machine, { clock, logger: () => undefined, ...(snapshot === undefined ? {} : { snapshot }) })
    started.on('*', (event) => void emitted.push(Reflect.get(event, 'data')))
    started.subscribe({ error: () => undefined })
    return started
  }
  let actor = start()
  actor.start()
  const inOrder = () => [...timers].sort(([, one], [, other]) => one.atMs - other.atMs)

  return {
    send(event) {
      if (actor.getSnapshot().status === 'active') actor.send(event)
    },
    end: (id, how) => Reflect.get(actor.getSnapshot().children, id)?.send({ type: 'end', ...how }),
    fireNext() {
      const [next] = inOrder()
      if (next === undefined) return
      const [handle, { atMs, run }] = next
      timers.delete(handle)
      now = Math.max(now, atMs)
      run()
    },
    shown() {
      const snapshot = actor.getSnapshot()
      const isActive = snapshot.status === 'active'
      const history: Readonly<Record<string, readonly { readonly id: string }[]>> = snapshot.historyValue
      return {
        emitted: [...emitted],
        value: snapshot.value,
        context: snapshot.context,
        status: snapshot.status,
        output: snapshot.output,
        tags: [...snapshot.tags].sort(),
        history: Object.fromEntries(
          Object.entries(history).flatMap(([id, states]) => (states.length === 0 ? [] : [[id, states.map((state) => state.id)]])),
        ),
        running: Object.entries<AnyActorRef>(snapshot.children)
          .flatMap(([id, child]) => (isActive && (child.getSnapshot() as Snapshot<unknown>).status === 'active' ? [id] : []))
          .sort(),
        pending: inOrder().flatMap(([, { atMs, scheduled }]) =>
          isActive && scheduledOf(actor).includes(scheduled) ? [{ type: scheduled.event.type, at: atMs }] : [],
        ),
      }
    },
    hasReplaced: () => [...timers.values()].some(({ scheduled }) => !scheduledOf(actor).includes(scheduled)),
    reload() {
      const persisted = JSON.parse(JSON.stringify(actor.getPersistedSnapshot()), escapedId) as Snapshot<unknown>
      const known = new Set(scheduledOf(actor))
      const kept = [...timers.values()].filter(({ scheduled }) => known.has(scheduled))
      timers.clear()
      actor = start(persisted)
      actor.start()
      const { scheduler } = schedulingOf(actor)
      for (const { atMs, scheduled } of kept) scheduler.schedule(actor, actor, scheduled.event, atMs - now, scheduled.id)
    },
  }
}

/** XState would read the dot in an id as a path, and forget a state that a history state remembers. */
const escapedId = (key: string, value: unknown): unknown => (key === 'id' && typeof value === 'string' ? value.replace('.', '\\.') : value)

/** XState's types hide the scheduler; its actor systems have had one since version 5.0. */
const schedulingOf = ({ system }: AnyActorRef): Scheduling => system

const scheduledOf = (actor: AnyActorRef): Timer['scheduled'][] => Object.values(schedulingOf(actor).getSnapshot()._scheduledEvents)
