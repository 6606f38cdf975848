import { isDeepStrictEqual } from 'node:util'
import { enqueueActions, setup } from 'xstate'
import { z } from 'zod'
import { TENANT_KIND, TENANT_SETTINGS_BYTES_MAX, tenantChanged, tenantSet, tenantSettingProblem } from '../../../schemas/tenant-settings.ts'
import { defineKind } from '../../definition/define-kind.ts'

export const tenantContextSchema = z.object({
  /** What is set, by key. */
  settings: z.record(z.string(), z.unknown()),
  /** Number of changes so far. */
  version: z.int().nonnegative(),
})
type Context = z.infer<typeof tenantContextSchema>

function settingsWith({ settings }: Context, { key, value }: z.output<typeof tenantSet>): Context['settings'] {
  const { [key]: _, ...others } = settings
  return value === null ? others : { ...others, [key]: value }
}

const kind = defineKind({
  name: TENANT_KIND,
  version: 1,
  context: tenantContextSchema,
  events: { 'tenant.set': tenantSet },
  emits: { 'tenant.changed': tenantChanged },
  tasks: {},
  label: ({ version }) => ({ version }),
  refuse: (context, { data }, { tenant, id }) => {
    if (id !== tenant) return `the settings of the tenant ${tenant} are in its actor ${tenant}/${TENANT_KIND}/${tenant}, not in "${id}"`
    if (data.value === undefined) return 'value: is missing; null unsets a setting'
    const problem = data.value === null ? undefined : tenantSettingProblem(data.key, data.value)
    if (problem !== undefined) return problem
    const bytes = Buffer.byteLength(JSON.stringify(settingsWith(context, data)))
    if (bytes <= TENANT_SETTINGS_BYTES_MAX) return undefined
    return `value of ${data.key}: the settings of a tenant would take ${bytes} bytes; at most ${TENANT_SETTINGS_BYTES_MAX}`
  },
})

/** The kind `tenant`: the settings of one tenant. Repeating a value changes nothing. */
export const tenantKind = kind.with(
  setup({
    ...kind.xstate,
    guards: { isNew: ({ context, event: { data } }) => !isDeepStrictEqual(context.settings[data.key] ?? null, data.value) },
    actions: {
      change: enqueueActions(({ context, event: { data }, enqueue }) => {
        const version = context.version + 1
        enqueue.assign({ settings: settingsWith(context, data), version })
        enqueue.emit({ type: 'tenant.changed', data: { key: data.key, value: data.value, version } })
      }),
    },
  }).createMachine({
    id: 'tenant',
    context: { settings: {}, version: 0 },
    initial: 'active',
    states: { active: { on: { 'tenant.set': { guard: 'isNew', actions: 'change' } } } },
  }),
)
