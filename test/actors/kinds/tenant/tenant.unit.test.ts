import { expect, test } from 'vitest'
import { tenantKind } from '../../../../actors/kinds/tenant/kind.ts'
import { given } from '../../../../actors/testkit/scenario.ts'
import { TENANT_SETTING_KEYS, tenantSettingsOf } from '../../../../schemas/tenant-settings.ts'

const acme = given(tenantKind, { tenant: 'acme', id: 'acme' })

test('a setting is changed, told with its version, and unset', () => {
  acme
    .when('tenant.set', { key: 'INTENTS', value: 'off' })
    .thenEmitted('tenant.changed', { key: 'INTENTS', value: 'off', version: 1 })
    .when('tenant.set', { key: 'INTENTS', value: 'off' })
    .thenNotEmitted()
    .when('tenant.set', { key: 'INTENTS', value: null })
    .thenEmitted('tenant.changed', { key: 'INTENTS', value: null, version: 2 })
    .thenContext({ settings: {}, version: 2 })
})

test.each([
  [{ key: 'COLOUR', value: 'red' }, 'key: a tenant has no setting "COLOUR"; it has INTENTS'],
  [{ key: 'UNSURE_BELOW', value: 2 }, 'value of UNSURE_BELOW: must be at most 1'],
  [{ key: 'INTENTS', value: 'a--b' }, 'value of INTENTS'],
  [{ key: 'INTENTS', value: undefined }, 'value: is missing'],
  [{ key: '__proto__', value: 1 }, 'key: a tenant has no setting "__proto__"'],
])('%j is refused with what is wrong', (data, says) => {
  expect(acme.when('tenant.set', data).thenRejected('bad_data').records.at(-1)?.error).toContain(says)
})

test('settings are in the actor of the tenant, and in no other', () => {
  const other = given(tenantKind, { tenant: 'acme', id: 'other' }).when('tenant.set', { key: 'INTENTS', value: 'off' })
  expect(other.thenRejected('bad_data').records.at(-1)?.error).toContain('acme/tenant/acme')
})

test('what is not set, or what another version has set, has its default', () => {
  expect(Object.keys(tenantSettingsOf({}))).toEqual(TENANT_SETTING_KEYS)
  expect(tenantSettingsOf({ INTENTS: 7, UNSURE_BELOW: 0.2, OLD: true })).toMatchObject({ INTENTS: 'main', UNSURE_BELOW: 0.2 })
})
