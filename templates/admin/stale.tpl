{{%AUTOESCAPE context="HTML"}}
<div class="note note--warn" role="alert" tabindex="-1"><svg class="icon" aria-hidden="true"><use href="{{assets}}/icons.svg#triangle-alert"/></svg><h2>Somebody else changed this while you did</h2>
<p>Nothing was saved. The form holds your values; press Save again to put them in the place of these:</p>
{{#has_differences}}<ul>{{#differences}}<li>{{label}}: {{#no_again}}“{{theirs}}” now, “{{mine}}” in the form{{/no_again}}{{#again}}type it again, values are not put back into the form{{/again}}</li>{{/differences}}</ul>{{/has_differences}}
{{#no_differences}}<p>In what can be changed here nothing differs.</p>{{/no_differences}}
</div>
