import type { DescribedState, DescribedTransition } from './describe-machine.ts'
import { descriptorText, shownTask } from './walk-machine.ts'

/** A state in the diagram. Its alias is generated, since Mermaid allows few characters in names. */
interface DrawnState {
  readonly alias: string
  readonly name: string
  readonly state: DescribedState
  readonly parent: DrawnState | undefined
  readonly children: readonly DrawnState[]
}

/** Draws a machine as a Mermaid `stateDiagram-v2`: every state, and an arrow for every transition with its event, guard and actions. */
export function mermaid(name: string, machine: DescribedState): string {
  let count = 0
  const draw = (label: string, state: DescribedState, parent: DrawnState | undefined): DrawnState => {
    const children: DrawnState[] = []
    const drawn = { alias: `s${count++}`, name: label, state, parent, children }
    for (const [key, inner] of Object.entries(state.states ?? {})) children.push(draw(key, inner, drawn))
    return drawn
  }
  const root = draw(name, machine, undefined)
  const byId = new Map(inside(root).map((drawn) => [drawn.state.id, drawn]))
  const names = new Map(inside(root).flatMap(({ state }) => tasksIn(state)))
  const arrows = inside(root).flatMap((from) => arrowsFrom(from, byId, names))
  const outer = arrows.filter(({ holder }) => holder === undefined).map(({ text }) => `  ${text}`)
  return ['stateDiagram-v2', `  [*] --> ${root.alias}`, ...linesOf(root, arrows, '  '), ...outer, ''].join('\n')
}

/** The names of the tasks that a state invokes, by id. */
const tasksIn = ({ id: nodeId, invoke = {} }: DescribedState): [string, string][] =>
  Object.entries(invoke).map(([id, src]) => [id, shownTask(id, src, nodeId)])

const inside = (drawn: DrawnState): DrawnState[] => [drawn, ...drawn.children.flatMap(inside)]

function linesOf(drawn: DrawnState, arrows: readonly Arrow[], indent: string): string[] {
  const { alias, state, children } = drawn
  const label = `state "${escaped(titleOf(drawn))}" as ${alias}`
  const around = arrows.filter(({ holder }) => holder === drawn).map(({ text }) => text)
  if (children.length === 0) return [`${indent}${label}`]
  const deeper = `${indent}  `
  const first = (state.initial ?? [])
    .map((id) => children.find((child) => child.state.id === id || inside(child).some((one) => one.state.id === id)))
    .flatMap((child) => (child === undefined ? [] : [`[*] --> ${child.alias}`]))
  const finals = children.filter((child) => child.state.type === 'final').map((child) => `${child.alias} --> [*]`)
  const blocks = children.map((child) => linesOf(child, arrows, deeper))
  const regions =
    state.type === 'parallel' ? blocks.flatMap((block, index) => (index === 0 ? block : [`${deeper}--`, ...block])) : blocks.flat()
  return [
    `${indent}${label} {`,
    ...first.map((line) => `${deeper}${line}`),
    ...regions,
    ...[...finals, ...around].map((line) => `${deeper}${line}`),
    `${indent}}`,
  ]
}

function titleOf({ name, state }: DrawnState): string {
  if (state.type === 'history') return `${name} (${state.history === 'deep' ? 'H*' : 'H'})`
  const extra = [
    ...Object.entries(state.invoke ?? {}).map(([id, src]) => {
      const shown = shownTask(id, src, state.id)
      return shown === src ? `invoke ${src}` : `invoke ${src} (${shown})`
    }),
    ...(state.entry === undefined ? [] : [`entry / ${state.entry.join(', ')}`]),
    ...(state.exit === undefined ? [] : [`exit / ${state.exit.join(', ')}`]),
  ]
  return [name, ...extra].join(' · ')
}

interface Arrow {
  /** The innermost state around both ends, in whose block the arrow is drawn; undefined for arrows of the machine itself. */
  readonly holder: DrawnState | undefined
  readonly text: string
}

function arrowsFrom(from: DrawnState, byId: ReadonlyMap<string, DrawnState>, names: ReadonlyMap<string, string>): Arrow[] {
  return Object.entries(from.state.on ?? {}).flatMap(([event, transitions]) =>
    transitions.flatMap((transition): Arrow[] => {
      const targets = transition.target?.flatMap((id) => byId.get(id) ?? [])
      if (targets === undefined) {
        return [{ holder: from.parent, text: `${from.alias} --> ${from.alias} : ${labelOf(event, transition, true, names)}` }]
      }
      return targets.map((to) => ({
        holder: commonOf(from, to),
        text: `${from.alias} --> ${to.alias} : ${labelOf(event, transition, false, names)}`,
      }))
    }),
  )
}

function commonOf(from: DrawnState, to: DrawnState): DrawnState | undefined {
  const around = new Set<DrawnState>()
  for (let one = from.parent; one !== undefined; one = one.parent) around.add(one)
  for (let one = to.parent; one !== undefined; one = one.parent) if (around.has(one)) return one
  return undefined
}

function labelOf(
  event: string,
  { guard, actions, reenter }: DescribedTransition,
  isTargetless: boolean,
  names: ReadonlyMap<string, string>,
): string {
  const parts = [
    event === '' ? 'always' : descriptorText(event, names).replace(/^on /, ''),
    ...(guard === undefined ? [] : [`[${guard}]`]),
    ...(actions === undefined ? [] : [`/ ${actions.join(', ')}`]),
    ...(isTargetless ? ['(stays)'] : []),
    ...(reenter === true ? ['(again)'] : []),
  ]
  return escaped(parts.join(' '))
}

/** Escapes characters that have a meaning in Mermaid. Names may contain any character. */
const escaped = (text: string): string => text.replace(/[^\p{L}\p{N} _.,·()[\]/*+=!?'-]/gu, (character) => `#${character.codePointAt(0)};`)
