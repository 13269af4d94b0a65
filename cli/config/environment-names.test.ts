import assert from 'node:assert/strict'
import { assertProblem, configured, load, problemsOf, smallest } from './configuration-for-tests.ts'

describe('a name in the environment', () => {
  it('of another section does not hide that auth is empty in the file', () => {
    assert.match(
      load(`${smallest}auth:\n`, { REGISTRY_HTTP_ADDR: ':1' }).warnings[0] ?? '',
      /^config\.yml:3: auth is empty/u,
    )
  })

  it('that is unknown is only warned of, with a guess at what was meant', () => {
    const { warnings } = load(smallest, {
      REGISTRY_HTTP_ADR: 'x',
      REGISTRY_FOO_BAR: 'x',
      REGISTRY_: 'x',
      REGISTRY_HTTP_ADDR_MORE: 'x',
      REGISTRY_http_addr: 'x',
      REGISTRY_HEALTH_FILE_x_FILE: 'x',
      REGISTRY_VERSION: '2',
      REGISTRY_CONFIGURATION_PATH: '/x',
      REGISTRY: 'x',
      MY_REGISTRY_HTTP_ADDR: 'x',
    })
    assert.equal(warnings.length, 7)
    assert.ok(
      warnings.some((line) =>
        line.endsWith(
          'REGISTRY_HTTP_ADR: this is not the name of an option, so it is ignored; did you mean REGISTRY_HTTP_ADDR?',
        ),
      ),
    )
    assert.ok(warnings.some((line) => line.startsWith('REGISTRY_VERSION: the version is read from the file only')))
  })

  it('may be one that Kubernetes sets for a service called registry', () => {
    const { warnings } = load(smallest, {
      REGISTRY_PORT: 'tcp://10.0.0.1:5000',
      REGISTRY_SERVICE_HOST: '10.0.0.1',
      REGISTRY_SERVICE_PORT: '5000',
      REGISTRY_SERVICE_PORT_HTTP: '5000',
      REGISTRY_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
      REGISTRY_PORT_5000_TCP_ADDR: '10.0.0.1',
      REGISTRY_AUTH_SERVICE_HOST: '10.0.0.2',
      REGISTRY_AUTH_PORT_80_TCP_PROTO: 'tcp',
      REGISTRY_STORAGE_PORT: 'tcp://10.0.0.3:80',
      REGISTRY_REDIS_SERVICE_PORT: '6379',
    })
    assert.equal(warnings.length, 10)
    assert.ok(warnings.every((line) => line.includes('Kubernetes')))
  })

  it('that looks like auth never passes with a mistake in it', () => {
    assertProblem(/^REGISTRY_AUHT_HTPASSWD_PATH: .*looks like one of auth/u, smallest, {
      REGISTRY_AUHT_HTPASSWD_PATH: '/x',
    })
    assertProblem(/^REGISTRY_auth_htpasswd_path: .*looks like one of auth/u, smallest, {
      REGISTRY_auth_htpasswd_path: '/x',
    })
    assertProblem(
      /^REGISTRY_AUTH_HTPASWD_PATH: auth\.htpaswd is not a kind of auth; did you mean htpasswd\?$/u,
      smallest,
      {
        REGISTRY_AUTH_HTPASWD_PATH: '/x',
      },
    )
    assertProblem(/^REGISTRY_AUTH: auth\.ldap is not a kind of auth\. Choose one of/u, smallest, {
      REGISTRY_AUTH: 'ldap',
    })
  })

  it('can switch auth off, which is told', () => {
    const text = `${smallest}auth: {htpasswd: {realm: r, path: /p}}\n`
    for (const value of ['none', 'None', '{none: }', '']) {
      const { warnings, configuration } = load(text, { REGISTRY_AUTH: value })
      assert.equal(configuration.auth.htpasswd, undefined)
      assert.match(warnings[0] ?? '', /^REGISTRY_AUTH: takes the place of the auth section: the registry is open/u)
    }
    assert.deepEqual(load(smallest, { REGISTRY_AUTH: 'none' }).warnings, [])
    assert.deepEqual(configured(smallest, { REGISTRY_AUTH: 'none' }).auth, { none: {} })
  })

  it('of something that is not supported is refused or ignored, and told', () => {
    assertProblem(/^REGISTRY_STORAGE_AZURE_ACCOUNTNAME: storage\.azure is not supported/u, undefined, {
      REGISTRY_STORAGE_AZURE_ACCOUNTNAME: 'x',
    })
    assertProblem(/^REGISTRY_HTTP_TLS_LETSENCRYPT_CACHEFILE: http\.tls\.letsencrypt is not supported/u, smallest, {
      REGISTRY_HTTP_TLS_LETSENCRYPT_CACHEFILE: '/c',
    })
    assert.match(
      problemsOf(smallest, { REGISTRY_STORAGE_S3_BUCKET: 'b' }).join('\n'),
      /several storage drivers: inmemory, s3/u,
    )
    assert.match(
      load(smallest, { REGISTRY_REPORTING_BUGSNAG_APIKEY: 'x' }).warnings.join(),
      /^REGISTRY_REPORTING_BUGSNAG_APIKEY: reporting is ignored/u,
    )
  })
})
