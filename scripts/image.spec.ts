import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { Config } from '../src/config/config.js';
import { loadConfig } from '../src/config/load-config.js';
import { variables } from '../src/config/variable.js';
import { version } from '../src/version.js';

// The image and the files that run it say the same things in several places; none of them is run by the other tests.

const text = (path: string): string => readFileSync(join(__dirname, '..', path), 'utf8');
const defaults = new Config();
const dockerfile = text('Dockerfile');
const stages = dockerfile.split(/^FROM /m).slice(1);
const final = stages.at(-1) ?? '';

/** What the last stage says in the form of `["a", "b"]`. */
const list = (instruction: string): readonly string[] =>
  JSON.parse(
    new RegExp(`^${instruction} .*?(\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '',
  ) as string[];
const word = (instruction: string): string =>
  new RegExp(`^${instruction} (\\S+)$`, 'm').exec(final)?.[1] ?? '';

/* eslint-disable @typescript-eslint/no-explicit-any -- YAML is what it is; each expectation says what it should be. */
const yaml = (path: string): any[] => loadAll(text(path)) as any[];
const compose: any = yaml('compose.yaml')[0];
const replicas: any = yaml('compose.replicas.yaml')[0];
const manifests = yaml('docs/kubernetes.yaml');
const ofKind = (kind: string): any => manifests.find((one) => one.kind === kind);
const pod: any = ofKind('Deployment').spec.template.spec;
const [container]: any[] = pod.containers;

const composed = { 'compose.yaml': compose, 'compose.replicas.yaml': replicas };
const environments: Record<string, Record<string, string>> = {
  'compose.yaml': compose.services['logs-collector'].environment,
  'compose.replicas.yaml': replicas.services['logs-collector'].environment,
  'docs/kubernetes.yaml': {
    ...ofKind('Secret').stringData,
    ...Object.fromEntries((container.env as any[]).map(({ name, value }) => [name, value])),
  },
};

/** As an operator fills it in. */
const filledIn = (value: string): string =>
  value
    .replace(/\$\{\w+:-(.*?)\}/g, '$1')
    .replace(/\$\{\w+:\?.*?\}/g, '0123456789abcdef0123456789abcdef')
    .replace(/<logs\.example\.com>/g, 'logs.example.com')
    .replace(/<(\d+) characters.*?>/g, (_, count) => 'k'.repeat(Number(count)))
    .replace(/<(\w+)( \w+)?>/g, '$1');

describe.each(Object.entries(environments))('%s', (_path, environment) => {
  it('names variables that there are', () => {
    const known = variables().flatMap(({ name, secret }) =>
      secret ? [name, `${name}_FILE`] : [name],
    );
    const others = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    expect([...known, ...others]).toEqual(expect.arrayContaining(Object.keys(environment)));
  });

  it('gives them what they may hold', () => {
    const env = Object.entries(environment).map(([name, value]) => [name, filledIn(value)]);
    expect(env.flat().join()).not.toMatch(/[<>$]/);
    expect(() => loadConfig(Object.fromEntries(env) as NodeJS.ProcessEnv)).not.toThrow();
  });
});

describe('the image', () => {
  it('holds what it runs, from where it is built', () => {
    const [entry = ''] = list('ENTRYPOINT');
    const copied = [...final.matchAll(/^COPY (?!--from)(\S+) (\S+)$/gm)];
    for (const [, from = ''] of copied)
      expect([from, existsSync(join(__dirname, '..', from))]).toEqual([from, true]);
    expect(copied.map(([, from, to]) => `${to}${from?.split('/').at(-1)}`)).toEqual([
      `/usr/local/bin/${entry}`,
      list('HEALTHCHECK').at(-1),
    ]);
    expect(text(`scripts/image/${entry}`)).toMatch(
      /^exec node --single-threaded-gc .*\/app\/dist\/program\/cli\.js "\$@"$/m,
    );
    expect(list('CMD')).toEqual(['serve']);
  });

  it('is built with the Node.js of its base, not with the one for glibc that package.json pins', () => {
    const { optionalDependencies } = JSON.parse(text('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const names = Object.keys(optionalDependencies);
    expect(names.every((name) => name.startsWith('node-linux-'))).toBe(true);
    expect(stages[0]).toMatch(
      /^RUN npm ci .* && rm -rf node_modules\/node-linux-\* node_modules\/\.bin\/node$/m,
    );
    expect(dockerfile).not.toMatch(/^RUN .*--omit/m);
    // An install script would run on it before it is removed.
    expect(text('.npmrc')).toMatch(/^ignore-scripts=true$/m);
  });

  it('is started with the flags of every other start', () => {
    const flags = /\bnode ((?:--\S+ )*--\S+)/;
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    const [bin = ''] = text('src/cli.ts').split('\n');
    expect(bin).toMatch(/^#!\/usr\/bin\/env -S node --single-threaded-gc /);
    const [, wanted] = flags.exec(bin) ?? [];
    const starts = {
      image: text('scripts/image/logs-collector'),
      'npm start': scripts['start'] ?? '',
      documents: text('docs/operations.md'),
    };
    for (const [start, line] of Object.entries(starts))
      expect([start, flags.exec(line)?.[1]]).toEqual([start, wanted]);
  });

  it('is given all that its build reads, and no more', () => {
    const ignored = text('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    for (const name of ignored.filter((line) => line.startsWith('!')))
      expect([name, existsSync(join(__dirname, '..', name.slice(1)))]).toEqual([name, true]);
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    expect(scripts['build:web']).toContain('web/vite.config.mts');
    for (const name of [
      'package.json',
      'package-lock.json',
      '.npmrc',
      'src',
      'migrations',
      'scripts',
      'web',
    ])
      expect(ignored).toContain(`!${name}`);
  });

  it('is called by the version of the program', () => {
    expect(/^ARG VERSION=(.*)$/m.exec(final)?.[1]).toBe(version);
    expect(container.image).toMatch(new RegExp(`/logs-collector:${version}$`));
  });

  it('is asked by its health check for a route that there is', () => {
    const { paths } = JSON.parse(text('docs/openapi.json')) as { paths: object };
    const asked = /path: '(.*?)'/.exec(text('scripts/image/healthcheck.js'))?.[1] ?? '';
    expect(Object.keys(paths)).toContain(asked);
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
      expect(Object.keys(paths)).toContain(probe.httpGet.path);
  });
});

describe('whoever runs it', () => {
  it('reaches it on its port', () => {
    expect(word('EXPOSE')).toBe(String(defaults.PORT));
    expect(compose.services['logs-collector'].ports).toEqual([`8000:${defaults.PORT}`]);
    expect(environments['compose.yaml']?.['PORT']).toBe(String(defaults.PORT));
    expect(replicas.configs.nginx.content).toContain(
      `proxy_pass http://$$replicas:${defaults.PORT};`,
    );
    const [port] = container.ports;
    expect(port.containerPort).toBe(defaults.PORT);
    expect(container.startupProbe.httpGet.port).toBe(port.name);
    const [served] = ofKind('Service').spec.ports;
    expect(served.targetPort).toBe(port.name);
    const [rule] = ofKind('Ingress').spec.rules;
    expect(rule.http.paths[0].backend.service).toEqual({
      name: ofKind('Service').metadata.name,
      port: { name: served.name },
    });
  });

  it('gives it a folder to write to, of its own user', () => {
    const [folder, user] = [word('VOLUME'), word('USER')];
    const [uid, gid] = user.split(':').map(Number);
    expect(final).toContain(`chown ${user} ${folder}\n`);
    expect(final).toMatch(new RegExp(`^ENV .*\\bDATA_DIR=${folder}$`, 'm'));
    expect(compose.services['logs-collector'].volumes).toEqual([`data:${folder}`]);
    expect(environments['compose.yaml']?.['DATA_DIR']).toBe(folder);
    expect(replicas.services['logs-collector'].tmpfs).toEqual([
      `${folder}:uid=${uid},gid=${gid},mode=0700`,
    ]);
    expect(pod.securityContext).toMatchObject({ runAsUser: uid, runAsGroup: gid, fsGroup: gid });
    expect(container.volumeMounts).toEqual([{ name: pod.volumes[0].name, mountPath: folder }]);
  });

  it('takes every right from it that it does not need', () => {
    for (const { services } of Object.values(composed))
      expect(services['logs-collector']).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('waits for uploads under way when it stops it', () => {
    const needed = defaults.SHUTDOWN_GRACE + 10;
    for (const { services } of Object.values(composed))
      expect(parseInt(services['logs-collector'].stop_grace_period, 10)).toBeGreaterThanOrEqual(
        needed,
      );
    const { seconds } = container.lifecycle.preStop.sleep;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed + Number(seconds));
  });

  it('holds no upload back, nor limits it, before the service sees it', () => {
    const lines = [
      'client_max_body_size 0;',
      'proxy_request_buffering off;',
      'proxy_buffering off;',
    ];
    for (const line of lines) expect(replicas.configs.nginx.content).toContain(line);
    expect(ofKind('Ingress').metadata.annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-body-size': '0',
      'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
      'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
    });
  });

  it('has an nginx with the lines of docs/operations.md', () => {
    const [, block = ''] = /^```nginx\n(.*?)^```$/ms.exec(text('docs/operations.md')) ?? [];
    // Where it passes on to, and by which name it was asked, is its own.
    const lines = block
      .split('\n')
      .filter((line) => line.endsWith(';') && !/proxy_pass|_set_/.test(line));
    expect(lines.map((line) => line.trim())).toContain('client_body_timeout 120s;');
    const own: string = replicas.configs.nginx.content;
    expect(own.split('\n').map((line) => line.trim())).toEqual(
      expect.arrayContaining(lines.map((line) => line.trim())),
    );
    for (const [header] of block.matchAll(/proxy_set_header \S+/g)) expect(own).toContain(header);
  });

  it('gives it the memory that its uploads to a bucket take', () => {
    // docs/operations.md, "Storage in S3".
    const needed = 200 + 40 * Number(environments['docs/kubernetes.yaml']?.['MAX_UPLOADS']);
    expect(container.resources.limits.memory).toBe('1Gi');
    expect(needed).toBeLessThanOrEqual(1024);
  });

  it('finds the pods by one name', () => {
    const { selector, template } = ofKind('Deployment').spec;
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    expect(ofKind('Service').spec.selector).toEqual(selector.matchLabels);
    expect(ofKind('PodDisruptionBudget').spec.selector).toEqual(selector);
    expect(container.envFrom).toEqual([{ secretRef: { name: ofKind('Secret').metadata.name } }]);
  });
});
