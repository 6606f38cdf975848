import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}
const INDEX = 'index.html'
/** Where the files are that all pages share. From a page at any path, `../../web/page/` leads here: a browser stops at the root. */
const SHARED_PATH = '/web/page/'
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

/** Serves the files that all pages share, and their two libraries, without the token. */
export function addSharedFiles(app: FastifyInstance): void {
  addPageFiles(app, SHARED_PATH, new URL('page/', import.meta.url))
  for (const [name, library] of Object.entries(LIBRARIES)) {
    serveFile(app, `${SHARED_PATH}lib/${name}`, fileURLToPath(import.meta.resolve(library)))
  }
}

/**
 * Serves the scripts, styles, pictures and HTML that are in a folder now, without the token: only a page's data needs it. No other file
 * can be requested.
 *
 * @param path of the folder, with a slash at its end
 * @param indexPath of its `index.html`; default: that of the folder
 */
export function addPageFiles(app: FastifyInstance, path: string, folder: URL, indexPath = path): void {
  const root = fileURLToPath(folder)
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { parentPath, name } of files) {
    const file = join(parentPath, name)
    const url = `${path}${relative(root, file).split(sep).join('/')}`
    if (TYPES[extname(name)] !== undefined) serveFile(app, url === `${path}${INDEX}` ? indexPath : url, file)
  }
}

function serveFile(app: FastifyInstance, url: string, file: string): void {
  const type = TYPES[extname(file)] ?? 'application/octet-stream'
  app.get(url, { config: { isPublic: true } }, async (_request, reply) =>
    reply
      .headers(HEADERS)
      .type(type)
      .send(await readFile(file)),
  )
}
