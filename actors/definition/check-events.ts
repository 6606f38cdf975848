import type { Kind } from './define-kind.ts'
import type { Refusal } from './refusal.ts'
import { nodesOf, pathOf } from './walk-machine.ts'

/** Events that states wait for and that can never come: XState's types let a misspelt one pass beside a right one. */
export function checkEvents({ machine, events }: Pick<Kind, 'machine' | 'events'>): Refusal[] {
  const known = Object.keys(events)
  const isKnown = (descriptor: string): boolean => {
    if (descriptor === '*' || descriptor.startsWith('xstate.')) return true
    if (descriptor.endsWith('.*')) return known.some((type) => `${type}.`.startsWith(descriptor.slice(0, -1)))
    return known.includes(descriptor)
  }
  const unknown = nodesOf(machine).flatMap((node) => Object.keys(node.config.on ?? {})
    .filter((descriptor) => !isKnown(descriptor)).map((descriptor) => ({ descriptor, path: pathOf(node) })))
  return unknown.map(({ descriptor, path }) => ({
    code: 'unknown_event', where: `${path}, on ${descriptor}`, what: `the kind does not take "${descriptor}"`,
    instead: `write one of its events (${known.join(', ') || 'it has none'}), or add it to them`,
  }))
}
