// A certified OpenID provider standing for Pro Santé Connect: it signs in whoever the test named last.
import http from 'node:http';
import Provider from 'oidc-provider';

const { PORT, REDIRECT, BACK_TO, SECRET } = process.env;
const people = JSON.parse(process.env.PEOPLE);
const issuer = `http://127.0.0.1:${PORT}`;
const scope = 'openid scope_all';
let next = {};

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'aiguillage',
    client_secret: SECRET,
    redirect_uris: [REDIRECT],
    post_logout_redirect_uris: [BACK_TO],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'RS256',
  }],
  pkce: { required: () => true },
  scopes: ['openid', 'scope_all'],
  claims: {
    openid: ['sub', 'acr'],
    scope_all: ['SubjectNameID', 'preferred_username', 'given_name', 'family_name', 'SubjectRefPro'],
  },
  acrValues: ['eidas0', 'eidas1', 'eidas3'],
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['only for tests'] },
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: 'aiguillage', accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope(scope);
    await grant.save();
    return grant;
  },
});
const answer = provider.callback();

http.createServer((request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname === '/next') {
    next = { accountId: url.searchParams.get('who'), acr: url.searchParams.get('acr') || undefined };
    response.end('ok');
  } else if (url.pathname.startsWith('/interaction/')) {
    provider.interactionFinished(request, response, { login: next });
  } else {
    answer(request, response);
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
