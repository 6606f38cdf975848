import type { ErrorTexts } from './error-text.ts'

const HTTP = 'HTTP interface'

export const ACCESS_ERRORS = {
  not_for_this_key: {
    meaning: 'The key is not for this tenant, or not for this kind.',
    cause: 'A key is for one tenant, and perhaps for some of its kinds. Whether others exist is not told.',
    remedy: 'Use the tenant and the kinds of the key, which `colloquy key ls` shows, or another key.',
    where: HTTP,
    http: 404,
  },
  key_may_not: {
    meaning: 'The key does not allow this.',
    cause:
      'It lacks a right: `publish`, `read`, `query` or `admin`. Metrics, the console and other parts of the whole installation need a key '
      + 'of the administrator.',
    remedy: 'Issue a key with the right: `colloquy key issue <tenant> --may …`.',
    where: HTTP,
    http: 403,
  },
  keys_unavailable: {
    meaning: 'The key cannot be checked now.',
    cause:
      'NATS, which has the list of keys, does not answer, and this process has not met the key before; or it has not answered for ten '
      + 'minutes.',
    remedy: 'Repeat the request later. `colloquy status` tells whether NATS answers.',
    where: HTTP,
    http: 503,
  },
  bad_key_request: {
    meaning: 'It is not clear which key is asked for.',
    cause: 'A key is either of one tenant, with rights, or of the administrator.',
    remedy: 'Name a tenant and `--may`, or only `--admin`.',
    where: '`colloquy key issue`',
  },
  unknown_key: {
    meaning: 'There is no key of this id.',
    cause: 'The id is misspelt, or belongs to another installation.',
    remedy: '`colloquy key ls` lists all keys.',
    where: '`colloquy key revoke`',
  },
  too_many_keys: {
    meaning: 'No more keys are kept.',
    cause: 'An installation keeps 10,000 keys, those that are revoked or have expired among them.',
    remedy: 'Remove keys that have ended: `colloquy key prune`.',
    where: '`colloquy key issue`',
  },
} as const satisfies ErrorTexts
