import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { assign, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { type OldState, upcaster } from '../../actors/definition/earlier-versions.ts'
import { endThread } from './end-thread.ts'

/** What an input does to its host. */
export const TRAPS = [
  'guard',
  'assign',
  'label',
  'upcaster',
  'migrate',
  'migrate_exit',
  'exit',
  'end',
  'heap',
  'buffers',
  'stray',
  'kill',
  'term',
  'symbol',
  'once',
  // Left behind: for later, for the end of the turn, by every decision of the actor.
  'later',
  'microtask',
  'microtask_end',
  'label_later',
] as const
export type Trap = (typeof TRAPS)[number]

function spin(): never {
  for (;;);
}

/** The record of the decision is stored by then. */
const LATER_MS = 100
const kept: unknown[] = []
const BUFFER_BYTES = 4 * 1024 * 1024

function spring(how: string): boolean {
  switch (how) {
    case 'exit':
      process.exit(3)
      break
    // Past `process.exit`, as native code or a library may.
    case 'end':
      endThread()
      return true
    case 'kill':
      // From outside, as the kernel does: Colloquy refuses process.kill.
      execFileSync('kill', ['-KILL', String(process.pid)])
      return true
    case 'term':
      return process.kill(process.pid, 'SIGTERM')
    case 'symbol':
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw Symbol('thrown')
    case 'heap':
      for (;;) kept.push({ at: kept.length })
    case 'buffers':
      for (;;) kept.push(new Uint8Array(BUFFER_BYTES).fill(1))
    case 'stray':
      void Promise.reject(new Error('a stray rejection'))
      setTimeout(() => {
        throw new Error('a stray error')
      }, 1)
      return true
    case 'later':
      setTimeout(spin, LATER_MS)
      return true
    case 'microtask':
      void Promise.resolve().then(spin)
      return true
    case 'microtask_end':
      void Promise.resolve().then(endThread)
      return true
    case 'once': {
      // Spins in the first process only, which leaves a file.
      try {
        writeFileSync(process.env['TRAP_FILE'] ?? '', '', { flag: 'wx' })
      } catch {
        return true
      }
      return spin()
    }
    default:
      return true
  }
}

function migrate({ value, context }: OldState) {
  const how = String(context['how'])
  if (how === 'migrate_exit') process.exit(0)
  return how === 'migrate' ? spin() : { value, context: { how, count: Number(context['count']) } }
}

const definition = defineKind({
  name: 'trap',
  version: Number(process.env['TRAP_VERSION'] ?? 1),
  ...(process.env['TRAP_VERSION'] === '2' ? { migrate: { 1: migrate } } : {}),
  context: z.object({ how: z.string(), count: z.number() }),
  events: { fine: z.object({}), sprung: z.object({ how: z.string(), today: z.boolean() }) },
  upcast: { sprung: { 1: upcaster(z.object({ how: z.string() }), ({ how }) => (how === 'upcaster' ? spin() : { how, today: true })) } },
  emits: {},
  tasks: {},
  label({ how }) {
    if (how === 'label_later') setTimeout(spin, LATER_MS)
    return how === 'label' ? spin() : { how }
  },
})

export default [
  definition.with(
    setup({
      ...definition.xstate,
      guards: {
        holds: ({ event }) => {
          if (event.type !== 'sprung') return true
          if (event.data.how === 'guard') spin()
          return spring(event.data.how)
        },
      },
    }).createMachine({
      context: { how: '', count: 0 },
      initial: 'open',
      states: {
        open: {
          on: {
            fine: { actions: assign({ count: ({ context }) => context.count + 1 }) },
            sprung: {
              guard: 'holds',
              actions: assign({
                how: ({ event }) => {
                  if (event.data.how === 'assign') spin()
                  return event.data.how
                },
              }),
            },
          },
        },
      },
    }),
  ),
]
