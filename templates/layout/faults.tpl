{{%AUTOESCAPE context="HTML"}}
{{#has_problem}}<p>{{problem}}</p>{{/has_problem}}
{{#has_errors}}<ul>{{#errors}}<li><a href="#f-{{key}}">{{summary}}</a></li>{{/errors}}</ul>{{/has_errors}}
