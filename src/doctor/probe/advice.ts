export type Proxy = 'nginx' | 'caddy' | 'unknown';

/** By the answer's Server header, which Traefik, HAProxy and most clouds' balancers do not set. */
export const proxyOf = (server: string | undefined): Proxy =>
  /nginx|openresty/i.test(server ?? '')
    ? 'nginx'
    : /caddy/i.test(server ?? '')
      ? 'caddy'
      : 'unknown';

interface Advice {
  readonly nginx: string;
  readonly caddy: string;
  readonly traefik: string;
}

const table = {
  bodyLimit: {
    nginx: 'client_max_body_size 0;',
    caddy: 'no request_body max_size, or a larger one',
    traefik: 'no buffering middleware with maxRequestBodyBytes',
  },
  requestBuffering: {
    nginx: 'proxy_request_buffering off; and proxy_http_version 1.1;',
    caddy: 'no request_buffers or buffer_requests in reverse_proxy',
    traefik: 'no buffering middleware',
  },
  answerBuffering: {
    nginx: 'proxy_buffering off;',
    caddy: 'no response_buffers or buffer_responses in reverse_proxy, flush_interval -1',
    traefik: 'no buffering middleware',
  },
  events: {
    nginx:
      'proxy_buffering off; and no proxy_ignore_headers X-Accel-Buffering; and no gzip_types text/event-stream;',
    caddy: 'no response_buffers or buffer_responses in reverse_proxy, flush_interval -1',
    traefik: 'no buffering middleware',
  },
  methods: {
    nginx:
      'no limit_except, and no dav_methods, in the location; a firewall in front of it may refuse methods too',
    caddy: 'no method matcher on the way to reverse_proxy',
    traefik: 'no Method() in the rule of the router',
  },
  silentUpload: {
    nginx: 'client_body_timeout 120s;',
    caddy: 'no servers { timeouts { read_body … } }, or a longer one',
    traefik: 'respondingTimeouts.readTimeout: 0s of the entry point',
  },
  longUpload: {
    nginx: 'client_body_timeout 120s; what ends a whole request stands before nginx',
    caddy: 'no servers { timeouts { read_body … } }',
    traefik:
      'respondingTimeouts.readTimeout: 0s of the entry point (its default ends every request after 60 s)',
  },
  lateAnswer: {
    nginx: 'proxy_read_timeout 300s;',
    caddy: 'no response_header_timeout or read_timeout in the transport, or longer ones',
    traefik:
      'forwardingTimeouts.responseHeaderTimeout: 0s of the serversTransport, and respondingTimeouts.writeTimeout: 0s',
  },
  longEvents: {
    nginx: 'proxy_read_timeout 300s;',
    caddy: 'no servers { timeouts { write … } }',
    traefik: 'respondingTimeouts.writeTimeout: 0s of the entry point',
  },
  forwardedFor: {
    nginx: 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    caddy: 'no header_up that removes X-Forwarded-For',
    traefik: 'nothing: it sets X-Forwarded-For by itself, so another proxy removes it',
  },
  forwardedProto: {
    nginx: 'proxy_set_header X-Forwarded-Proto $scheme;',
    caddy: 'trusted_proxies for what stands before it',
    traefik: 'forwardedHeaders.trustedIPs for what stands before it',
  },
  host: {
    nginx: 'proxy_set_header Host $host;',
    caddy: 'no header_up Host',
    traefik: 'passHostHeader: true',
  },
} as const satisfies Record<string, Advice>;

export type Topic = keyof typeof table;

/** In the words of the proxy that answered; of all three where it does not say which it is. */
export const adviceOn = (topic: Topic, proxy: Proxy): string => {
  const { nginx, caddy, traefik } = table[topic];
  switch (proxy) {
    case 'nginx':
      return `in nginx, ${nginx}`;
    case 'caddy':
      return `in Caddy, ${caddy}`;
    case 'unknown':
      return `in nginx, ${nginx} in Caddy, ${caddy}; in Traefik, ${traefik}`;
  }
};
