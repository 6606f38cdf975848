import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import type { AccessKey } from '../../schemas/access-keys.ts'

/** What a key begins with, so that it is never taken for another token, and is found where it does not belong. */
export const KEY_PREFIX = 'key.'
/** The longest tenant and id have about 600 characters in a key. */
export const KEY_CHARS_MAX = 1_024
const ISSUER = 'colloquy'
const AUDIENCE = 'key'
const ALGORITHM = 'EdDSA'
/** The frame of PKCS #8 around the 32 bytes of a private key of Ed25519 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SIGNER_ID_CHARS = 16

/** Signs keys. A key that it signed and that the bucket of keys does not list is not accepted. */
export interface KeySigner {
  /** Tells signers apart. */
  readonly id: string
  /** In PEM. Verifies what it signs. */
  readonly publicKey: string
  /** The key as its owner sends it. The same entry gives the same key, so that keys need not be stored. */
  sign(key: AccessKey): Promise<string>
}

/** @param seed 32 bytes of chance */
export function createKeySigner(seed: Uint8Array): KeySigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString()
  const id = createHash('sha256').update(publicKey).digest('hex').slice(0, SIGNER_ID_CHARS)
  return {
    id,
    publicKey,
    async sign({ id: key, tenant, issuedAt, expires }) {
      const jwt = new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, kid: id })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(tenant)
        .setJti(key)
        .setIssuedAt(secondsOf(issuedAt))
      if (expires !== null) jwt.setExpirationTime(secondsOf(expires))
      return `${KEY_PREFIX}${await jwt.sign(privateKey)}`
    },
  }
}

const secondsOf = (iso: string): number => Math.floor(Date.parse(iso) / 1_000)

/** What a key says of itself before anything of it is checked. */
export interface ClaimedKey {
  readonly id: string
  readonly signer: string
}

/** What a text that may be a key claims; `undefined` where it is no key at all, or too long. */
export function claimsOf(text: string): ClaimedKey | undefined {
  if (!text.startsWith(KEY_PREFIX) || text.length > KEY_CHARS_MAX) return undefined
  const jwt = text.slice(KEY_PREFIX.length)
  try {
    const { alg, kid } = decodeProtectedHeader(jwt)
    const { jti } = decodeJwt(jwt)
    return alg === ALGORITHM && kid !== undefined && jti !== undefined ? { id: jti, signer: kid } : undefined
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

/** Whether a key was signed by a signer, and has not expired at `nowMs` (ms since 1970). */
export async function isSigned(text: string, publicKey: KeyObject, nowMs: number): Promise<boolean> {
  try {
    await jwtVerify(text.slice(KEY_PREFIX.length), publicKey, {
      algorithms: [ALGORITHM],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ['sub', 'jti', 'iat'],
      currentDate: new Date(nowMs),
    })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}
