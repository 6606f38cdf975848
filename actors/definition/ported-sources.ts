import { type AnyStateMachine, StateMachine } from 'xstate'
import { ColloquyError } from '../../schemas/errors.ts'
import { isPromiseLogic } from './check-invokes.ts'
import { isFunction, isRecord } from './walk-machine.ts'

type Config = AnyStateMachine['config']
type Invoke = Extract<NonNullable<Config['invoke']>, { readonly src: unknown }>

/** What the `fromPromise` actors of a machine run, and the machines that it starts, by names that records can have. */
export interface PortedSources {
  readonly promises: Readonly<Record<string, (call: object) => unknown>>
  readonly machines: Readonly<Record<string, AnyStateMachine>>
  /** The machine's config, which refers to them by these names. Other logic stays as it is, and is refused as in every kind. */
  readonly config: Config
}

/**
 * Finds the actors of a machine that was written for XState. One that is declared keeps its name, with `_` for each character that a name
 * of Colloquy cannot have. One that is written in place, in an invoke, gets the path of its state as its name.
 *
 * @throws ColloquyError `bad_kind` where two would have one name
 */
export function portedSources({ config, implementations }: AnyStateMachine): PortedSources {
  const promises: Record<string, (call: object) => unknown> = {}
  const machines: Record<string, AnyStateMachine> = {}
  const logics = new Map<string, unknown>()
  const declared: Readonly<Record<string, unknown>> = implementations.actors

  /** @returns the name of the logic; undefined where it is neither a promise nor a machine */
  const named = (wanted: string, logic: unknown): string | undefined => {
    const name = wanted.replaceAll(OTHER_CHARS, '_')
    const work = isRecord(logic) && isPromiseLogic(logic) ? logic['config'] : undefined
    if (!isFunction(work) && !(logic instanceof StateMachine)) return undefined
    if (logics.has(name) && logics.get(name) !== logic) {
      throw new ColloquyError(
        'bad_kind',
        `two actors of the machine would have the name "${name}"; give one of them another under "actors"`,
      )
    }
    logics.set(name, logic)
    if (isFunction(work)) promises[name] = work
    else if (logic instanceof StateMachine) machines[name] = logic
    return name
  }
  const renamed = (invoke: Invoke, path: string, index: number): Invoke => {
    const src: unknown = invoke.src
    const place = `${path}${index === 0 ? '' : `-${index}`}`
    const name = typeof src === 'string' ? named(src, Object.hasOwn(declared, src) ? declared[src] : undefined) : named(place, src)
    return name === undefined ? invoke : { ...invoke, src: name }
  }
  const renamedIn = (node: Config, path: readonly string[]): Config => {
    const place = path.join('-') || 'root'
    const { invoke, states } = node
    const inside = Object.entries<Config>(states ?? {}).map(([key, state]) => [key, renamedIn(state, [...path, key])] as const)
    return {
      ...node,
      ...(invoke !== undefined && { invoke: [invoke].flat().map((one, index) => renamed(one, place, index)) }),
      ...(states !== undefined && { states: Object.fromEntries(inside) }),
    }
  }
  for (const [name, logic] of Object.entries(declared)) named(name, logic)
  return { promises, machines, config: renamedIn(config, []) }
}

/** What no name of a task or child has, as `TOKEN` says. */
const OTHER_CHARS = /[^A-Za-z0-9_-]/gu
