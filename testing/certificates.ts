// Certificates for tests, made by openssl: an authority, a server's and clients' certificates.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { freshFolder } from './fresh-folder.ts'

export interface KeyPair {
  certificate: string
  key: string
}

export interface Certificates {
  /** The file of the authority that signed `server` and `client`. */
  authority: string
  server: KeyPair
  client: KeyPair
  /** Signed by nobody but itself. */
  stranger: KeyPair
}

/** Files in a folder of their own. */
export function makeCertificates(): Certificates {
  const folder = freshFolder()
  const file = (name: string): string => path.join(folder, name)
  const pair = (name: string): KeyPair => ({ certificate: file(`${name}.pem`), key: file(`${name}.key`) })

  function make(name: string, more: readonly string[]): KeyPair {
    const { certificate, key } = pair(name)
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-keyout', key]
    const args = ['req', '-x509', ...newKey, '-out', certificate, '-days', '2', '-subj', `/CN=${name}`, ...more]
    execFileSync('openssl', args, { stdio: 'pipe' })
    return { certificate, key }
  }

  const authority = make('authority', [])
  const signed = [
    '-CA',
    authority.certificate,
    '-CAkey',
    authority.key,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  ]
  return {
    authority: authority.certificate,
    server: make('server', [...signed, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']),
    client: make('client', signed),
    stranger: make('stranger', []),
  }
}

export function readPair({ certificate, key }: KeyPair): { cert: Buffer; key: Buffer } {
  return { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) }
}
