{{%AUTOESCAPE context="HTML"}}
<div class="head">
  <div class="head__text"><h1>Settings</h1><p>What holds for the whole installation. Usage, retention and addresses that upstreams may have are the host’s own configuration.</p></div>
</div>
{{#saved}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>Saved</h2></div>{{/saved}}{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>Nothing was saved</h2>
{{#has_problem}}<p>{{problem}}</p>{{/has_problem}}
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}{{>stale}}
<form class="form form--cards" method="post" action="/admin/settings">
  <input type="hidden" name="csrf_token" value="{{csrf_token}}">
  <input type="hidden" name="revision" value="{{revision}}">
  <section class="card" aria-labelledby="h-urls">
    <div class="card__head"><h2 id="h-urls">Where people reach this host</h2></div>
    <div class="card__body form">
      <p class="muted">For links in mails and the <code>curl</code> lines of these pages: what a request says of its own host is not believed there.</p>
      <div class="field{{#error_base_urls_gate}} field--error{{/error_base_urls_gate}}"><label for="f-base_urls_gate">APIs</label><input class="input mono" id="f-base_urls_gate" name="base_urls.gate" value="{{base_urls_gate}}" spellcheck="false" autocomplete="off" inputmode="url"{{#error_base_urls_gate}} aria-invalid="true"{{/error_base_urls_gate}}{{#focus_base_urls_gate}} autofocus{{/focus_base_urls_gate}} aria-describedby="{{#error_base_urls_gate}}e-base_urls_gate {{/error_base_urls_gate}}h-base_urls_gate">{{#error_base_urls_gate}}<p class="error" id="e-base_urls_gate"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_base_urls_gate}}<p class="hint" id="h-base_urls_gate">Scheme, host and port, for example https://api.example.org</p></div>
      <div class="field{{#error_base_urls_portal}} field--error{{/error_base_urls_portal}}"><label for="f-base_urls_portal">Portal</label><input class="input mono" id="f-base_urls_portal" name="base_urls.portal" value="{{base_urls_portal}}" spellcheck="false" autocomplete="off" inputmode="url"{{#error_base_urls_portal}} aria-invalid="true"{{/error_base_urls_portal}}{{#focus_base_urls_portal}} autofocus{{/focus_base_urls_portal}} aria-describedby="{{#error_base_urls_portal}}e-base_urls_portal {{/error_base_urls_portal}}h-base_urls_portal">{{#error_base_urls_portal}}<p class="error" id="e-base_urls_portal"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_base_urls_portal}}<p class="hint" id="h-base_urls_portal">The host that has /portal.</p></div>
      <div class="field{{#error_base_urls_admin}} field--error{{/error_base_urls_admin}}"><label for="f-base_urls_admin">Dashboard</label><input class="input mono" id="f-base_urls_admin" name="base_urls.admin" value="{{base_urls_admin}}" spellcheck="false" autocomplete="off" inputmode="url"{{#error_base_urls_admin}} aria-invalid="true"{{/error_base_urls_admin}}{{#focus_base_urls_admin}} autofocus{{/focus_base_urls_admin}} aria-describedby="{{#error_base_urls_admin}}e-base_urls_admin {{/error_base_urls_admin}}h-base_urls_admin">{{#error_base_urls_admin}}<p class="error" id="e-base_urls_admin"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_base_urls_admin}}<p class="hint" id="h-base_urls_admin">The host that has /admin.</p></div>
    </div>
  </section>
  <section class="card" aria-labelledby="h-portal">
    <div class="card__head"><h2 id="h-portal">Portal</h2></div>
    <div class="card__body form">
      <div class="field{{#error_portal_title}} field--error{{/error_portal_title}}"><label for="f-portal_title">Name of the portal</label><input class="input" id="f-portal_title" name="portal_title" value="{{portal_title}}" maxlength="200" required{{#error_portal_title}} aria-invalid="true"{{/error_portal_title}}{{#focus_portal_title}} autofocus{{/focus_portal_title}}{{#error_portal_title}} aria-describedby="e-portal_title"{{/error_portal_title}}>{{#error_portal_title}}<p class="error" id="e-portal_title"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_portal_title}}</div>
      <div class="switch"><input type="checkbox" role="switch" id="catalogue_public" name="catalogue_public"{{#is_public}} checked{{/is_public}} aria-describedby="catalogue_public-d"><div><label for="catalogue_public">Catalogue readable without signing in</label><p id="catalogue_public-d">Requesting a key always needs an account.</p></div></div>
      <div class="switch"><input type="checkbox" role="switch" id="sign_up" name="sign_up"{{#is_open}} checked{{/is_open}} aria-describedby="sign_up-d"><div><label for="sign_up">Developers may join by themselves</label><p id="sign_up-d">They confirm their e-mail address first. While this is off, mails that are on their way make no account either.</p></div></div>
      <div class="field{{#error_sign_up_domains}} field--error{{/error_sign_up_domains}}"><label for="f-sign_up_domains">Domains that may join</label><input class="input" id="f-sign_up_domains" name="sign_up_domains" value="{{sign_up_domains}}" spellcheck="false" placeholder="All"{{#error_sign_up_domains}} aria-invalid="true"{{/error_sign_up_domains}}{{#focus_sign_up_domains}} autofocus{{/focus_sign_up_domains}} aria-describedby="{{#error_sign_up_domains}}e-sign_up_domains {{/error_sign_up_domains}}h-sign_up_domains">{{#error_sign_up_domains}}<p class="error" id="e-sign_up_domains"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_sign_up_domains}}<p class="hint" id="h-sign_up_domains">With commas, for example aster.example, beta.example; empty: all.</p></div>
      <div class="field{{#error_terms}} field--error{{/error_terms}}"><label for="f-terms">Terms to accept</label><textarea class="textarea" id="f-terms" name="terms" rows="6"{{#error_terms}} aria-invalid="true"{{/error_terms}}{{#focus_terms}} autofocus{{/focus_terms}} aria-describedby="{{#error_terms}}e-terms {{/error_terms}}h-terms">{{terms:p}}</textarea>{{#error_terms}}<p class="error" id="e-terms"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_terms}}<p class="hint" id="h-terms">Markdown; empty: there are none.</p></div>
    </div>
  </section>
  <section class="card" aria-labelledby="h-mail">
    <div class="card__head"><h2 id="h-mail">Mail</h2></div>
    <div class="card__body form">
      <div class="field{{#error_mail_from}} field--error{{/error_mail_from}}"><label for="f-mail_from">Sender</label><input class="input" id="f-mail_from" name="mail_from" value="{{mail_from}}" inputmode="email" autocomplete="off" spellcheck="false"{{#error_mail_from}} aria-invalid="true"{{/error_mail_from}}{{#focus_mail_from}} autofocus{{/focus_mail_from}} aria-describedby="{{#error_mail_from}}e-mail_from {{/error_mail_from}}h-mail_from">{{#error_mail_from}}<p class="error" id="e-mail_from"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_mail_from}}<p class="hint" id="h-mail_from">For example api@example.org</p></div>
    </div>
  </section>
  <section class="card" aria-labelledby="h-web">
    <div class="card__head"><h2 id="h-web">lighttpd</h2></div>
    <div class="card__body form">
      <div class="switch"><input type="checkbox" role="switch" id="lighttpd_announce_partners" name="lighttpd_announce_partners"{{#is_announced}} checked{{/is_announced}} aria-describedby="lighttpd_announce_partners-d"><div><label for="lighttpd_announce_partners">Announce partners</label><p id="lighttpd_announce_partners-d">lighttpd passes on a registered certificate only when it is in its ssl.ca-file, and shows the names in that file to anybody who connects. Off: only CAs are in it. Apache does not need this.</p></div></div>
    </div>
    <div class="card__foot actions"><button class="btn btn--primary" type="submit">Save</button></div>
  </section>
</form>
