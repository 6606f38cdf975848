import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}
/** The files of the page; no other file can be requested. */
const OWN = [
  'index.html',
  'style.css',
  'icon.svg',
  'main.js',
  'api.js',
  'store.js',
  'html.js',
  'chart.js',
  'actors.js',
  'history.js',
  'send.js',
  'form.js',
  'form-model.js',
  'diff.js',
  'view.js',
  'follow.js',
  'step.js',
  'times.js',
  'fitting-types.js',
]
const LIBRARIES = { 'preact.mjs': 'preact', 'htm.mjs': 'htm' } as const

/** Forbids resources of other origins, inline scripts and styles, and frames around the page. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

/** Serves the page and its two libraries without the token. Only the page's data needs the token. */
export function addPageFiles(app: FastifyInstance, path: string): void {
  const serve = (url: string, file: string): void => {
    app.get(url, { config: { isPublic: true } }, async (_request, reply) =>
      reply
        .headers(HEADERS)
        .type(TYPES[extname(file)] ?? 'application/octet-stream')
        .send(await readFile(file)),
    )
  }
  for (const name of OWN) serve(`${path}${name === 'index.html' ? '' : name}`, fileURLToPath(new URL(`page/${name}`, import.meta.url)))
  for (const [name, library] of Object.entries(LIBRARIES)) serve(`${path}lib/${name}`, fileURLToPath(import.meta.resolve(library)))
  for (const url of ['/', path.slice(0, -1)]) app.get(url, { config: { isPublic: true } }, async (_request, reply) => reply.redirect(path))
}
