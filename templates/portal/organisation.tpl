{{%AUTOESCAPE context="HTML"}}
<div class="head"><div class="head__text"><h1>{{organisation_name}}</h1><p>The keys belong to the organisation: all its members see and use them.</p></div></div>
{{#done}}<div class="note note--ok" role="status"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-check"/></svg><h2>{{text}}</h2></div>{{/done}}
{{#failed}}<div class="note note--bad" role="alert" tabindex="-1" id="errors"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg><h2>{{#has_problem}}{{problem}}{{/has_problem}}{{#has_errors}}Nothing was saved{{/has_errors}}</h2>
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
</div>{{/failed}}
{{#stale}}<div class="note note--warn" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Somebody else changed this while you did</h2>
<p>Nothing was saved. The form holds your values; press Save again to put them in the place of these:</p>
{{#has_differences}}<ul>{{#differences}}<li>{{label}}: “{{theirs}}” now, “{{mine}}” in the form</li>{{/differences}}</ul>{{/has_differences}}
{{#no_differences}}<p>In what can be changed here nothing differs.</p>{{/no_differences}}
</div>{{/stale}}
<section class="card" aria-labelledby="h-members">
  <div class="card__head"><h2 id="h-members">Members</h2></div>
  <div class="table-wrap">
    <table class="table table--stack">
      <caption class="sr-only">Members</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">E-mail</th><th scope="col">Role</th><th scope="col"><span class="sr-only">Actions</span></th></tr></thead>
      <tbody>
        {{#members}}<tr>
          <th scope="row">{{name}}{{#own}} <span class="muted">(you)</span>{{/own}}</th>
          <td data-label="E-mail">{{email}}</td>
          <td data-label="Role" class="table__corner">{{#manages}}<span class="badge badge--ok">Manager</span>{{/manages}}{{#no_manages}}<span class="badge">Member</span>{{/no_manages}}{{#no_active}} <span class="badge badge--warn">Switched off</span>{{/no_active}}</td>
          <td class="right">{{#is_manager}}<div class="row"><form method="post" action="/portal/organisation/members/{{id}}/role"><input type="hidden" name="csrf_token" value="{{csrf_token}}">{{#manages}}<button class="btn btn--sm" type="submit" name="role" value="member">Make member<span class="sr-only"> of {{name}}</span></button>{{/manages}}{{#no_manages}}<button class="btn btn--sm" type="submit" name="role" value="manager">Make manager<span class="sr-only"> of {{name}}</span></button>{{/no_manages}}</form><a class="btn btn--sm btn--danger" href="/portal/organisation/members/{{id}}/remove">Remove<span class="sr-only"> {{name}}</span></a></div>{{/is_manager}}</td>
        </tr>
        {{/members}}
      </tbody>
    </table>
  </div>
</section>
{{#is_manager}}<section class="card" aria-labelledby="h-invite">
  <div class="card__head"><h2 id="h-invite">Invite somebody</h2></div>
  <form class="card__body form" method="post" action="/portal/organisation/invite">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <div class="field{{#error_email}} field--error{{/error_email}}"><label for="f-email">E-mail</label><input class="input" id="f-email" name="email" type="email" value="{{email}}" autocomplete="off" maxlength="254" required{{#error_email}} aria-invalid="true"{{/error_email}}{{#focus_email}} autofocus{{/focus_email}} aria-describedby="{{#error_email}}e-email {{/error_email}}h-email">{{#error_email}}<p class="error" id="e-email"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_email}}<p class="hint" id="h-email">The link in the mail works once, within 24 hours. Whoever has an account moves to this organisation with it.</p></div>
    <div class="actions"><button class="btn btn--primary" type="submit">Send invitation</button></div>
  </form>
</section>
<section class="card" aria-labelledby="h-organisation">
  <div class="card__head"><h2 id="h-organisation">The organisation</h2></div>
  <form class="card__body form" method="post" action="/portal/organisation">
    <input type="hidden" name="csrf_token" value="{{csrf_token}}">
    <input type="hidden" name="revision" value="{{revision}}">
    <div class="field{{#error_name}} field--error{{/error_name}}"><label for="f-name">Name</label><input class="input" id="f-name" name="name" value="{{name}}" autocomplete="organization" maxlength="200" required{{#error_name}} aria-invalid="true"{{/error_name}}{{#focus_name}} autofocus{{/focus_name}}{{#error_name}} aria-describedby="e-name"{{/error_name}}>{{#error_name}}<p class="error" id="e-name"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_name}}</div>
    <div class="field{{#error_contacts}} field--error{{/error_contacts}}"><label for="f-contacts">Contacts</label><textarea class="textarea" id="f-contacts" name="contacts" rows="3" {{#error_contacts}} aria-invalid="true"{{/error_contacts}}{{#focus_contacts}} autofocus{{/focus_contacts}} aria-describedby="{{#error_contacts}}e-contacts {{/error_contacts}}h-contacts">{{contacts:p}}</textarea>{{#error_contacts}}<p class="error" id="e-contacts"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#circle-x"/></svg>{{message}}</p>{{/error_contacts}}<p class="hint" id="h-contacts">E-mail addresses, one a line, that get notices about the keys beside the members.</p></div>
    <div class="actions"><button class="btn btn--primary" type="submit">Save</button></div>
  </form>
</section>{{/is_manager}}
